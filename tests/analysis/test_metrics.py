"""Metrics: figures computed by hand, NaN as the worst, and sums that pool."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskctl.analysis.metrics import COSINE, METRICS, SQNR, Comparison, Metric, compare, cosine, sqnr_db
from maskctl.numeric.formats import FloatArray

NAN, INF = math.nan, math.inf

elements = st.floats(-1e6, 1e6, width=32)
blobs = arrays(np.float32, st.integers(1, 12), elements=elements)


def same(expected: float, actual: float) -> bool:
    """Equality to 12 digits, in which NaN equals NaN."""
    return expected == pytest.approx(actual, rel=1e-12, abs=1e-12, nan_ok=True)


def pair(reference: list[float], actual: list[float]) -> Comparison:
    """The sums of two blobs."""
    return compare(reference=np.array(reference, np.float32), actual=np.array(actual, np.float32))


@pytest.mark.parametrize(
    ("reference", "actual", "sqnr", "cos"),
    [
        ([3, 4], [3, 4], INF, 1.0),
        ([3, 4], [3, 3], 10 * math.log10(25), 21 / (5 * math.sqrt(18))),
        ([10, 0], [10, 1], 20.0, 10 / math.sqrt(101)),
        ([1, 0], [0, 1], -10 * math.log10(2), 0.0),
        ([1, 1], [-1, -1], -10 * math.log10(4), -1.0),
        ([1, 1], [0, 0], 0.0, 0.0),
        ([0, 0], [0, 0], INF, 1.0),
        ([0, 0], [1, 0], -INF, 0.0),
        ([], [], INF, 1.0),
        ([1, 2], [1, NAN], NAN, NAN),
        ([1, 2], [1, INF], NAN, NAN),
        ([1, 2], [1, -INF], NAN, NAN),
        ([1, NAN], [1, 2], NAN, NAN),
        ([1, INF], [1, -INF], NAN, NAN),
        ([3, INF], [3, INF], INF, 1.0),
        ([3, NAN], [3, NAN], INF, 1.0),
        ([3e38, 0], [0, 3e38], -10 * math.log10(2), 0.0),
        ([1e-45, 0], [1e-45, 1e-45], 0.0, math.sqrt(0.5)),
    ],
)
def test_by_hand(reference: list[float], actual: list[float], sqnr: float, cos: float) -> None:
    """SQNR and cosine are those computed by hand; one lost element makes both NaN."""
    sums = pair(reference, actual)
    assert same(sqnr, sqnr_db(sums)), sqnr_db(sums)
    assert same(cos, cosine(sums)), cosine(sums)


def test_lost_and_largest() -> None:
    """Lost elements are counted, and the largest magnitude is the reference's, NaN aside."""
    sums = pair([1, -7, NAN, INF, 5], [NAN, -7, NAN, INF, INF])
    assert (2, 5, INF) == (sums.lost, sums.elements, sums.largest)
    assert 7.0 == pair([1, -7, NAN], [1, 99, 1]).largest


def test_shapes_must_agree() -> None:
    """Arrays of two shapes are refused rather than broadcast."""
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(1,\) differ"):
        compare(reference=np.ones(2, np.float32), actual=np.ones(1, np.float32))


def test_cosine_stays_within_one() -> None:
    """Rounding in the sums never makes a cosine larger than 1 or smaller than -1."""
    numbers = np.array([0.1, 0.2, 0.3, 0.7], np.float32)
    for factor in (1 / 3, 3, -1 / 3, -3, 1e-20):
        assert 1 >= abs(cosine(compare(reference=numbers, actual=(numbers * factor).astype(np.float32))))


def test_directions() -> None:
    """Both metrics say that higher is better, and are found by their names."""
    assert {"sqnr_db": SQNR, "cosine": COSINE} == METRICS
    assert [True, True] == [metric.higher_is_better for metric in METRICS.values()]


def test_worst_first() -> None:
    """Sorted worst first, NaN comes before everything, and a metric of the other direction is turned round."""
    sums = [pair([10, 0], [10, 1]), pair([1, 0], [NAN, 0]), pair([1, 0], [1, 0]), pair([10, 0], [10, 5])]
    assert [1, 3, 0, 2] == sorted(range(4), key=lambda index: SQNR.worst_first(sums[index]))
    noise = Metric("noise", "noise {}", higher_is_better=False, of=lambda found: found.noise)
    assert [3, 0, 1, 2] == sorted(range(4), key=lambda index: noise.worst_first(sums[index]))


@pytest.mark.parametrize(
    ("metric", "actual", "target", "expected"),
    [
        (SQNR, [10, 1], 20.0, True),
        (SQNR, [10, 1], 20.1, False),
        (SQNR, [10, 0], INF, True),
        (SQNR, [NAN, 0], -INF, False),
        (COSINE, [10, 0], 1.0, True),
        (COSINE, [NAN, 0], -1.0, False),
        (Metric("noise", "noise {}", higher_is_better=False, of=lambda sums: sums.noise), [10, 1], 1.0, True),
        (Metric("noise", "noise {}", higher_is_better=False, of=lambda sums: sums.noise), [10, 2], 1.0, False),
    ],
)
def test_reaches(metric: Metric, actual: list[float], target: float, expected: bool) -> None:  # noqa: FBT001 - a table
    """A target is reached by figures at least as good; NaN reaches none."""
    assert expected == metric.reaches(pair([10, 0], actual), target)


@given(st.lists(st.tuples(blobs, st.floats(0, 1)), min_size=1, max_size=4))
def test_adding_is_one_pass(parts: list[tuple[FloatArray, float]]) -> None:
    """Sums over samples added one by one are those over all of them at once."""
    pairs = [(part, (part * factor).astype(np.float32)) for part, factor in parts]
    one_pass = compare(
        reference=np.concatenate([reference for reference, _ in pairs]),
        actual=np.concatenate([actual for _, actual in pairs]),
    )
    added = Comparison()
    for reference, actual in pairs:
        added.add(reference=reference, actual=actual)
    assert (one_pass.lost, one_pass.elements, one_pass.largest) == (added.lost, added.elements, added.largest)
    assert same(sqnr_db(one_pass), sqnr_db(added))
    assert same(cosine(one_pass), cosine(added))


@given(blobs, st.data())
def test_more_noise_is_never_better(reference: FloatArray, data: st.DataObject) -> None:
    """Making the same noise larger never raises a figure beyond rounding."""
    noise = data.draw(arrays(np.float64, reference.shape, elements=st.floats(-1e3, 1e3)))
    clean = reference.astype(np.float64)
    figures = []
    for factor in (0.0, 0.5, 1.0, 4.0, 100.0):
        sums = Comparison()
        noisy = clean + factor * noise
        sums.signal, sums.noise = float(np.sum(clean**2)), float(np.sum((noisy - clean) ** 2))
        sums.dot, sums.actual_energy = float(np.sum(clean * noisy)), float(np.sum(noisy**2))
        figures.append((sqnr_db(sums), cosine(sums)))
    for less, more in itertools.pairwise(figures):
        assert less[0] >= more[0] - 1e-6
        assert less[1] >= more[1] - 1e-9


@given(blobs, st.data())
def test_one_lost_element_is_the_worst(reference: FloatArray, data: st.DataObject) -> None:
    """However well the rest agrees, one NaN ranks before every finite comparison and reaches no target."""
    broken = reference.copy()
    broken[data.draw(st.integers(0, len(reference) - 1))] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    lost, poor = compare(reference=reference, actual=broken), compare(reference=reference, actual=-reference)
    for metric in METRICS.values():
        assert math.isnan(metric.of(lost))
        assert metric.worst_first(lost) < metric.worst_first(poor)
        assert not metric.reaches(lost, -INF)
