"""What the blobs of layers hold and how far the lowered network's are from them, as distributions that add up over samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from maskctl.analysis.histograms import Histogram
from maskctl.analysis.metrics import Comparison, add_or_lose
from maskctl.executor.trace import Trace
from maskctl.layers.base import Array
from maskctl.numeric.formats import BF16, FP16, Format


@dataclass
class Values:
    """The fp32 values of a layer's first blob, over all samples, beside the limits of a 16-bit format.

    `above` counts those beyond its largest number, infinities included, `subnormal` those that it keeps with fewer bits and
    `flushed` those below its smallest, without zeros. `smallest` and `largest` are infinite, the wrong way round, where no
    element is finite.
    """

    format: Format
    smallest: float = math.inf
    largest: float = -math.inf
    above: int = 0
    magnitudes: Histogram = field(default_factory=Histogram)

    def add(self, values: Array) -> None:
        """Takes more samples."""
        finite = np.isfinite(values)
        self.smallest = min(self.smallest, float(np.min(values, initial=math.inf, where=finite)))
        self.largest = max(self.largest, float(np.max(values, initial=-math.inf, where=finite)))
        self.above += int(np.count_nonzero(np.abs(values) > self.format.largest))
        self.magnitudes.add(values)

    def merge(self, other: Values) -> None:
        """Takes what was seen in other samples."""
        self.smallest, self.largest = min(self.smallest, other.smallest), max(self.largest, other.largest)
        self.above += other.above
        self.magnitudes.merge(other.magnitudes)

    @property
    def subnormal(self) -> int:
        """Magnitudes from the format's smallest up to its smallest normal number."""
        return self.magnitudes.below(_exponent(self.format.smallest_normal)) - self.flushed

    @property
    def flushed(self) -> int:
        """Magnitudes below the format's smallest."""
        return self.magnitudes.below(_exponent(self.format.smallest))


@dataclass
class Profile:
    """One layer's first blob: its values in fp32, and its errors in the lowered network before and after the proposal.

    `after` are the sums under the proposed masks; those before it are the layer's graphwise loss. What is not `compared` has
    no errors.
    """

    values: Values
    compared: bool = True
    errors_before: Histogram = field(default_factory=Histogram)
    errors_after: Histogram = field(default_factory=Histogram)
    after: Comparison = field(default_factory=Comparison)

    def merge(self, other: Profile) -> None:
        """Adds what was seen in other samples."""
        self.values.merge(other.values)
        self.errors_before.merge(other.errors_before)
        self.errors_after.merge(other.errors_after)
        self.after.merge(other.after)


def look(
    found: Mapping[int, Profile],
    kept: Mapping[int, str],
    exact: Trace,
    before: Trace,
    after: Trace,
    members: Sequence[int],
) -> None:
    """Adds a portion of the samples to the profiles of layers: its blobs in fp32, lowered, and under the proposed masks.

    `kept` names the blob of each layer. Blobs that are not `compared` have no errors.
    """
    for index, top in kept.items():
        found[index].values.add(exact[top])
        if found[index].compared:
            add_or_lose(found[index].after, reference=exact[top], actual=after[top], members=members)
            _add_error(found[index].errors_before, exact[top], before[top])
            _add_error(found[index].errors_after, exact[top], after[top])


def limits_of(precision: str) -> Format:
    """The 16-bit format whose limits values are held against."""
    return BF16 if precision == "bf16" else FP16


def _add_error(histogram: Histogram, exact: Array, actual: Array) -> None:
    """Counts |exact - actual|; where the extents differ there is nothing to take apart."""
    if exact.shape != actual.shape:
        return
    with np.errstate(invalid="ignore", over="ignore"):
        histogram.add(np.where(exact == actual, np.float32(0), exact.astype(np.float32) - actual.astype(np.float32)))


def _exponent(power: float) -> int:
    """The exponent of a power of two."""
    return math.frexp(power)[1] - 1
