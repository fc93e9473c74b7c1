"""Metrics: figures computed by hand, NaN as the worst, and sums that pool."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskctl.analysis.metrics import COSINE, KL, METRICS, SQNR, Comparison, Metric, compare, cosine, sqnr_db
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


def test_no_difference_is_a_cosine_of_1() -> None:
    """Equal blobs have a cosine of 1 to the bit, whatever their sums round to: what is exact reaches every target."""
    blobs = [np.linspace(0.1, 3, count, dtype=np.float32).reshape(1, -1) ** 3 for count in range(2, 40)]
    sums = Comparison()
    for blob in blobs:
        sums.add(reference=blob, actual=blob.copy())
        assert (1.0, math.inf) == (cosine(sums), sqnr_db(sums))


def test_directions() -> None:
    """Which figures are better when they are higher, by their names; the names are those of the rows."""
    better = {"sqnr_db": True, "cosine": True, "relative_rms": False, "largest_error": False, "kl": False}
    better |= {"top1": True, "top5": True}
    assert better == {name: metric.higher_is_better for name, metric in METRICS.items()}
    assert all(metric.name == name for name, metric in METRICS.items())


def test_worst_first() -> None:
    """Sorted worst first, NaN comes before everything, and a metric of the other direction is turned round."""
    sums = [pair([10, 0], [10, 1]), pair([1, 0], [NAN, 0]), pair([1, 0], [1, 0]), pair([10, 0], [10, 5])]
    assert [1, 3, 0, 2] == sorted(range(4), key=lambda index: SQNR.worst_first(sums[index]))
    noise = Metric("noise", "noise {}", higher_is_better=False, of=lambda found: float(found.noise))
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
        (Metric("noise", "noise {}", higher_is_better=False, of=lambda sums: float(sums.noise)), [10, 1], 1.0, True),
        (Metric("noise", "noise {}", higher_is_better=False, of=lambda sums: float(sums.noise)), [10, 2], 1.0, False),
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
        assert metric.applies(lost) == metric.applies(poor)
        if not metric.applies(poor):
            continue
        assert math.isnan(metric.of(lost))
        assert metric.worst_first(lost) < metric.worst_first(poor)
        assert not metric.reaches(lost, -INF)


@pytest.mark.parametrize(
    ("reference", "actual", "rms", "largest"),
    [([3, 4], [3, 4], 0.0, 0.0), ([3, 4], [3, 3], 0.2, 1.0), ([0, 0], [0, 2], INF, 2.0), ([1, 2], [1, NAN], NAN, NAN)],
)
def test_errors_by_hand(reference: list[float], actual: list[float], rms: float, largest: float) -> None:
    """Relative RMS and largest error are those computed by hand."""
    sums = pair(reference, actual)
    assert same(rms, METRICS["relative_rms"].of(sums))
    assert same(largest, METRICS["largest_error"].of(sums))


@given(arrays(np.float64, st.integers(2, 6), elements=st.floats(1e-6, 1)), st.data())
def test_divergence_is_that_of_the_textbook(weights: npt.NDArray[np.float64], data: st.DataObject) -> None:
    """Of two distributions KL is sum(p ln(p/q)); it is never negative, and 0 for equal ones."""
    others = data.draw(arrays(np.float64, weights.shape, elements=st.floats(1e-6, 1)))
    p, q = ((values / values.sum()).astype(np.float32) for values in (weights, others))
    wide = [values.astype(np.float64) for values in (p, q)]
    sums = compare(reference=p[None], actual=q[None])
    assert KL.applies(sums)
    textbook = float(np.sum(wide[0] * np.log(wide[0] / wide[1])))
    assert pytest.approx(textbook, abs=1e-6) == KL.of(sums)
    assert KL.of(sums) >= 0.0 == KL.of(compare(reference=p[None], actual=p[None]))


def test_a_flushed_probability_is_finite() -> None:
    """A probability that became 0 counts as fp16's smallest number: the divergence stays finite."""
    sums = pair([0.5, 0.5 - 1e-3, 1e-3], [0.5, 0.5, 0.0])
    assert 1e-3 < KL.of(sums) < 0.02


@pytest.mark.parametrize(
    ("shape", "expected"), [((1, 4), True), ((1, 4, 2), True), ((2, 2, 4, 3), True), ((1, 4, 1, 1), True)]
)
def test_distributions_are_found_along_any_axis(shape: tuple[int, ...], expected: bool) -> None:  # noqa: FBT001 - a table
    """Non-negative elements that sum to 1 along an axis are a distribution, others are none."""
    blob = np.random.default_rng(0).random(shape).astype(np.float32)
    normed = blob / blob.sum(1, keepdims=True)
    assert expected == KL.applies(compare(reference=normed, actual=normed))
    assert not KL.applies(compare(reference=blob, actual=blob))


def test_top_k_by_hand() -> None:
    """Agreement is pooled over samples: two of three leaders agree, and nine of fifteen among the first five."""
    reference = np.tile(np.arange(10, 0, -1, dtype=np.float32), (3, 1))
    actual = reference.copy()
    actual[2] = actual[2][::-1]
    actual[1, 4] = 0
    sums = compare(reference=reference, actual=actual)
    assert (2 / 3, 9 / 15) == (METRICS["top1"].of(sums), METRICS["top5"].of(sums))


def test_the_worst_sample_is_named() -> None:
    """The sample with the lowest SQNR, and before it one that has lost elements, the one that lost most first."""
    reference = np.ones((4, 3), np.float32)
    actual = reference + np.array([[0.0], [0.5], [0.25], [0.5]], np.float32)
    sums = compare(reference=reference, actual=actual)
    assert (1, 10 * math.log10(4)) == (sums.worst, sums.worst_db)
    actual[2, 0], actual[3, :2] = NAN, INF
    assert (3, 2) == (compare(reference=reference, actual=actual).worst, 2)


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 9)), elements=elements), st.data())
def test_sharing_samples_out_changes_no_bit(reference: FloatArray, data: st.DataObject) -> None:
    """Whatever the split of the samples, the order of merging and the arrays' order in memory, all sums are identical."""
    actual = data.draw(arrays(np.float32, reference.shape, elements=st.floats(width=32)))
    whole = compare(reference=reference, actual=actual)
    order = data.draw(st.permutations(range(len(reference))))
    cut = data.draw(st.integers(0, len(order)))
    parts = []
    for members in (order[:cut], order[cut:]):
        part = Comparison()
        rows = np.asfortranarray(reference[members]), actual[members]
        part.add(reference=rows[0], actual=rows[1], members=members)
        parts.append(part)
    merged = Comparison()
    for part in data.draw(st.permutations(parts)):
        merged.merge(part)
    assert whole == merged
