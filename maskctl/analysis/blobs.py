"""Single blobs in figures: what one holds, and how far one is from another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from maskctl.analysis.metrics import COSINE, SQNR, Comparison, compare
from maskctl.layers.base import Array, Shape


@dataclass(frozen=True)
class BlobSummary:
    """Shape (n, …), range, mean and standard deviation of the finite elements, and how many are not finite.

    `largest_at` is the index of the largest element; None, as the figures are NaN, where no element is finite.
    """

    shape: Shape
    smallest: float
    largest: float
    largest_at: tuple[int, ...] | None
    mean: float
    deviation: float
    not_finite: int


def summary(values: Array) -> BlobSummary:
    """The summary of one array, taken sample by sample: copies in more bits are of one sample."""
    smallest, largest, place = math.inf, -math.inf, None
    count, total, squares = 0, 0.0, 0.0
    for index, sample in enumerate(values):
        finite = np.isfinite(sample)
        kept = sample[finite].astype(np.float64)
        if not kept.size:
            continue
        smallest = min(smallest, float(kept.min()))
        if kept.max() > largest:
            largest = float(kept.max())
            found = np.unravel_index(int(np.argmax(np.where(finite, sample, sample[finite].min()))), sample.shape)
            place = (index, *map(int, found))
        # The sums of squares around the means so far join exactly, whatever the mean is.
        mean = float(kept.mean())
        shift = mean - total / count if count else 0.0
        squares += float(np.sum((kept - mean) ** 2)) + shift**2 * count * kept.size / (count + kept.size)
        count, total = count + kept.size, total + float(kept.sum())
    if not count:
        return BlobSummary(values.shape, math.nan, math.nan, None, math.nan, math.nan, values.size)
    return BlobSummary(
        values.shape, smallest, largest, place, total / count, math.sqrt(squares / count), values.size - count
    )


@dataclass(frozen=True)
class BlobDifference:
    """How far `actual` is from `reference`: sums, the largest error and where, how many elements are not finite.

    `comparison` is None where the shapes differ. Errors are taken where both are finite.
    """

    shapes: tuple[Shape, Shape]
    comparison: Comparison | None
    largest_error: float = math.nan
    at: tuple[int, ...] | None = None
    not_finite: tuple[int, int] = (0, 0)

    def reaches(self, *, sqnr_db: float | None, cosine: float | None) -> bool:
        """True where the shapes agree and both figures are at least as good; lost elements never are good enough."""
        if self.comparison is None:
            return False
        wanted = ((SQNR, sqnr_db), (COSINE, cosine))
        return all(least is None or metric.reaches(self.comparison, least) for metric, least in wanted)


def differences(*, reference: Mapping[str, Array], actual: Mapping[str, Array]) -> Mapping[str, BlobDifference]:
    """The difference of every blob that both have, in the order of the reference."""
    return {
        name: difference(reference=values, actual=actual[name]) for name, values in reference.items() if name in actual
    }


def difference(*, reference: Array, actual: Array) -> BlobDifference:
    """The difference of two arrays; one of them may lack the axis of samples where there is one sample."""
    if actual.shape == (1, *reference.shape):
        reference = reference[None]
    elif reference.shape == (1, *actual.shape):
        actual = actual[None]
    shapes = (reference.shape, actual.shape)
    finite = np.isfinite(reference), np.isfinite(actual)
    lost = tuple(int(np.count_nonzero(~part)) for part in finite)
    if shapes[0] != shapes[1]:
        return BlobDifference(shapes, None, not_finite=(lost[0], lost[1]))
    both = finite[0] & finite[1]
    with np.errstate(all="ignore"):
        error = np.where(both, np.abs(reference.astype(np.float64) - actual.astype(np.float64)), -1.0)
    place = np.unravel_index(int(np.argmax(error)), error.shape) if both.any() else None
    return BlobDifference(
        shapes,
        compare(reference=reference, actual=actual),
        float(error[place]) if place else math.nan,
        tuple(int(index) for index in place) if place else None,
        (lost[0], lost[1]),
    )
