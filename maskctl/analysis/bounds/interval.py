"""A lower and an upper bound for each element of a blob, and how room is made for rounding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from maskctl.layers.base import Array, Shape
from maskctl.numeric.formats import FloatArray, Operand


@dataclass(frozen=True)
class Interval:
    """Bounds (n, …) of a blob; -inf and inf where nothing is known. `low` is nowhere above `high`."""

    low: FloatArray
    high: FloatArray

    @property
    def shape(self) -> Shape:
        """The shape of the blob, without the samples."""
        return self.low.shape[1:]

    @property
    def magnitude(self) -> FloatArray:
        """The largest magnitude of each element."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    @property
    def peaks(self) -> FloatArray:
        """The largest magnitude in each sample, (n,); 0 for a blob without elements."""
        return peaks(self.magnitude)

    @property
    def middle(self) -> FloatArray:
        """The middle of each element's bounds; halves are added, which cannot overflow."""
        half = np.float32(0.5)
        return self.low * half + self.high * half

    @property
    def radius(self) -> FloatArray:
        """How far each element may be from the middle."""
        half = np.float32(0.5)
        return self.high * half - self.low * half

    def with_zero(self) -> Interval:
        """The bounds, widened so that 0 is within."""
        return Interval(np.minimum(self.low, np.float32(0)), np.maximum(self.high, np.float32(0)))

    def widened(self, room: Operand) -> Interval:
        """The bounds, each so much farther out; unbounded where the room is NaN."""
        with np.errstate(all="ignore"):
            return sorted_out(self.low - room, self.high + room)

    def never_negative(self, where: Array) -> Interval:
        """The bounds of values of which some are known to be 0 or more."""
        return Interval(*(np.where(where, np.maximum(end, np.float32(0)), end) for end in (self.low, self.high)))

    def within(self, largest: float) -> Interval:
        """The bounds of the values that are finite in a format with that largest number."""
        most = np.float32(largest)
        return Interval(np.clip(self.low, -most, most), np.clip(self.high, -most, most))

    def nearest_to(self, place: float) -> FloatArray:
        """Of each element, the value within its bounds that is nearest to a number."""
        return np.minimum(np.maximum(self.low, np.float32(place)), self.high)

    def reshaped(self, *shape: int) -> Interval:
        """The same bounds for a blob of another shape, samples included."""
        return Interval(self.low.reshape(shape), self.high.reshape(shape))


def sorted_out(low: FloatArray, high: FloatArray) -> Interval:
    """Bounds from two arrays; both are unbounded where either is NaN."""
    lost = np.isnan(low) | np.isnan(high)
    return Interval(
        np.where(lost, np.float32(-np.inf), low).astype(np.float32, copy=False),
        np.where(lost, np.float32(np.inf), high).astype(np.float32, copy=False),
    )


def exactly(values: Array) -> Interval:
    """The bounds of values (n, …) that are known."""
    known = np.asarray(values, np.float32)
    return Interval(known, known)


def everywhere(samples: int, shape: Shape, low: Operand, high: Operand) -> Interval:
    """The same bounds, or ones that broadcast, for every element of a blob."""
    whole = (samples, *shape)
    return Interval(
        np.broadcast_to(np.asarray(low, np.float32), whole), np.broadcast_to(np.asarray(high, np.float32), whole)
    )


def unbounded(samples: int, shape: Shape) -> Interval:
    """Bounds that say nothing."""
    return everywhere(samples, shape, -np.inf, np.inf)


def hull(blobs: Iterable[Array]) -> Interval:
    """The smallest bounds around several blobs; unbounded where an element of any of them is not finite.

    A function that leaves the finite numbers at its ends or turning points has a pole there, and may leave them in both
    directions.
    """
    rows = [np.asarray(values, np.float32) for values in blobs]
    whole = np.isfinite(rows[0])
    low = high = rows[0]
    for values in rows[1:]:
        whole &= np.isfinite(values)
        low, high = np.fmin(low, values), np.fmax(high, values)
    return Interval(np.where(whole, low, np.float32(-np.inf)), np.where(whole, high, np.float32(np.inf)))


def peaks(magnitudes: FloatArray) -> FloatArray:
    """The largest magnitude in each sample, (n,); NaN counts as infinite."""
    found: FloatArray = magnitudes.reshape(len(magnitudes), -1).max(axis=1, initial=np.float32(0))
    return np.where(np.isnan(found), np.float32(np.inf), found)


def rounded(bounds: Interval, steps: float, smallest: float) -> Interval:
    """The bounds of values that are off by so much relative to themselves, and by the smallest number unless they are 0."""
    with np.errstate(all="ignore"):
        low, high = (
            np.abs(end) * np.float32(steps) + np.float32(smallest) * (end != 0) for end in (bounds.low, bounds.high)
        )
        return sorted_out(bounds.low - low, bounds.high + high)


def every_value(stored: str, low: float | np.float32, high: float | np.float32) -> FloatArray:
    """All numbers of a 16-bit format from `low` to `high`, in order."""
    values = _all_values(stored)
    return values[np.searchsorted(values, low) : np.searchsorted(values, high, "right")]


@cache
def _all_values(stored: str) -> FloatArray:
    codes = np.arange(1 << 16, dtype=np.uint32)
    in_fp16 = codes.astype(np.uint16).view(np.float16).astype(np.float32)
    values = in_fp16 if stored == "fp16" else (codes << 16).view(np.float32)
    return np.sort(values[np.isfinite(values)])
