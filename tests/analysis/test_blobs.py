"""Single blobs in figures: against numpy on the whole array."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskctl.analysis.blobs import difference, summary


def test_summary_of_many_samples() -> None:
    """Figures gathered sample by sample are those of the whole array's finite elements."""
    rng = np.random.default_rng(1)
    values = (rng.standard_normal((7, 3, 5)) * 10.0 ** rng.integers(-3, 4, (7, 1, 1)) + 1000).astype(np.float32)
    values[2, 1, 1], values[4, 0, 2], values[6] = np.inf, -np.inf, np.nan
    finite = values[np.isfinite(values)].astype(np.float64)
    found = summary(values)
    assert (finite.min(), finite.max(), 17) == (found.smallest, found.largest, found.not_finite)
    assert found.largest_at is not None
    assert found.largest == values[found.largest_at]
    assert [finite.mean(), finite.std()] == pytest.approx([found.mean, found.deviation], rel=1e-12)


@pytest.mark.parametrize("values", [np.zeros((2, 0, 6), np.float32), np.full((2, 3), np.nan, np.float32)])
def test_summary_of_nothing_finite(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    """Without finite elements there are no figures, and all that there is counts as not finite."""
    found = summary(values)
    assert (None, values.size) == (found.largest_at, found.not_finite)
    assert math.isnan(found.mean)


def test_summary_of_integers() -> None:
    """Integers have figures too, those of one sample along its own axes."""
    found = summary(np.array([[[-3, 4], [0, 1]]], np.int8))
    assert (-3.0, 4.0, (0, 0, 1), 0.5) == (found.smallest, found.largest, found.largest_at, found.mean)


def test_one_sample_without_its_axis() -> None:
    """A missing axis of one sample is no other shape; one of two samples is."""
    values = np.ones((1, 3), np.float32)
    assert difference(reference=values, actual=values[0]).reaches(sqnr_db=100, cosine=1)
    assert not difference(reference=np.ones((2, 3), np.float32), actual=values[0]).reaches(sqnr_db=None, cosine=None)
