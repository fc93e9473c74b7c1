"""What blobs hold: counts by power of two, and errors before and after the proposal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskctl.analysis import pool
from maskctl.analysis.analyze import Analysis, analyze
from maskctl.analysis.distributions import Profile, Values, limits_of
from maskctl.analysis.histograms import Histogram
from maskctl.analysis.metrics import SQNR
from maskctl.analysis.pool import Means
from maskctl.analysis.profiles import profiles
from maskctl.numeric.formats import FP16, FloatArray
from tests.analysis.made import LEAKY, Network, samples, values

ANY_FLOATS = arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32))


@pytest.fixture(scope="module")
def overflowing() -> Analysis:
    """A layer whose sum overflows until it is masked, and one behind it."""
    network = Network().convolution("a", "data", [[-1.0, -1.0], [0.5, 0.5]], LEAKY).convolution("b", "a", [[0.25, 0.5]])
    return analyze(network.model(), values(40000.0, 40000.0))


@given(ANY_FLOATS)
def test_histogram_counts_each_element_once(found: FloatArray) -> None:
    """Every element is in the count of its power of two, or a zero, or not finite, as frexp has it."""
    histogram = Histogram()
    histogram.add(found)
    assert found.size == sum(histogram.counts) + histogram.zeros + histogram.not_finite
    assert (int(np.sum(found == 0)), int(np.sum(~np.isfinite(found)))) == (histogram.zeros, histogram.not_finite)
    normal = [math.frexp(value)[1] - 1 for value in np.abs(found).tolist() if 0 < value < math.inf]
    for place, count in enumerate(histogram.counts):
        exponent = histogram.first + place
        assert count == sum(max(other, -127) == exponent for other in normal)


@given(ANY_FLOATS, ANY_FLOATS)
def test_histograms_add_up(left: FloatArray, right: FloatArray) -> None:
    """Two arrays one after the other count as both in one."""
    apart, together = Histogram(), Histogram()
    apart.add(left)
    apart.add(right)
    together.add(np.concatenate([left, right]))
    assert (together.first, together.counts, together.zeros) == (apart.first, apart.counts, apart.zeros)


@given(ANY_FLOATS)
def test_limits(found: FloatArray) -> None:
    """Elements beyond fp16's range, and those that it keeps with fewer bits or not at all, are counted as numpy compares them."""
    held = Values(FP16)
    held.add(found)
    size = np.abs(found)
    expected = (size > 65504, (size >= 2.0**-24) & (size < 2.0**-14), (size > 0) & (size < 2.0**-24))
    assert [int(np.sum(part)) for part in expected] == [held.above, held.subnormal, held.flushed]
    finite = found[np.isfinite(found)]
    assert (finite.min(initial=math.inf), finite.max(initial=-math.inf)) == (held.smallest, held.largest)


def test_limits_of_a_precision() -> None:
    """Values are held against the 16-bit format of what is analysed."""
    assert ["fp16", "fp16", "bf16"] == [limits_of(name).name for name in ("fp16", "fp16-storage", "bf16")]


def test_values_and_errors(overflowing: Analysis) -> None:
    """The exact values are seen, what the lowered network loses, and what the proposal leaves of it."""
    assert {1: 1} == overflowing.masks
    found = profiles(overflowing)
    assert {0, 1, 2} == set(found)
    assert (-8000.0, 40000.0, 0) == (found[1].values.smallest, found[1].values.largest, found[1].values.above)
    assert (1, 0) == (found[1].errors_before.not_finite, found[1].errors_after.not_finite)
    assert (1, 0) == (found[1].errors_before.zeros, found[2].errors_before.zeros)


def test_after_is_what_the_plan_says(overflowing: Analysis) -> None:
    """At an output the figures under the proposal are those that the plan was judged by."""
    after = overflowing.plan.after.outputs["b"]
    assert SQNR.of(after) == SQNR.of(profiles(overflowing)[2].after)


def test_only_some_layers(overflowing: Analysis) -> None:
    """Asked for some layers, only these are looked at, and they look the same."""
    some, whole = profiles(overflowing, {2}), profiles(overflowing)
    assert {2} == set(some)
    assert whole[2].values.magnitudes.counts == some[2].values.magnitudes.counts
    assert whole[2].errors_after.counts == some[2].errors_after.counts


def test_samples_are_pooled() -> None:
    """Samples, also of different sizes, count together."""
    model = Network().convolution("conv", "data", [[1 / 3]]).model()
    given_samples = samples(np.ones((1, 2, 3), np.float32), np.full((1, 4, 4), 8, np.float32))
    found = profiles(analyze(model, given_samples))
    assert (0, (6, 0, 0, 16)) == (found[0].values.magnitudes.first, found[0].values.magnitudes.counts)
    assert 22 == found[1].after.elements


@pytest.mark.parametrize("means", [Means(jobs=2), Means(memory=1), Means(jobs=3, memory=2000)])
def test_means_change_nothing(monkeypatch: pytest.MonkeyPatch, means: Means) -> None:
    """Shared out over processes, or with hardly any memory, every count and sum is the same."""
    network = Network().convolution("a", "data", [[-1.0, -1.0], [0.5, 0.5]], LEAKY).convolution("b", "a", [[0.25, 0.5]])
    blobs = np.random.default_rng(0).standard_normal((3, 2, 4, 4)).astype(np.float32) * 30000
    model, given_samples = network.model(), samples(*blobs)
    one = profiles(analyze(model, given_samples))
    monkeypatch.setattr(pool, "_WORTH_A_PROCESS_US", -1)
    several = profiles(analyze(model, given_samples, means=means))
    assert [told(profile) for profile in one.values()] == [told(profile) for profile in several.values()]


def told(profile: Profile) -> list[object]:
    """Everything a profile has counted."""
    values, errors = profile.values, (profile.errors_before, profile.errors_after)
    histograms = [(part.first, part.counts, part.zeros, part.not_finite) for part in (values.magnitudes, *errors)]
    return [values.smallest, values.largest, values.above, histograms, profile.after]
