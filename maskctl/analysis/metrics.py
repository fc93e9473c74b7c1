"""How far a low-precision blob is from its fp32 reference: sums that pool over samples, and figures from them.

An element counts as lost when it is not finite and not the same as in the reference; one lost element makes
every figure NaN. NaN is the worst value of every metric and is never dropped.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from maskctl.numeric.formats import FloatArray


@dataclass
class Comparison:
    """Sums over all elements of all samples compared so far; `add` takes more."""

    signal: float = 0.0
    noise: float = 0.0
    dot: float = 0.0
    actual_energy: float = 0.0
    lost: int = 0
    elements: int = 0
    largest: float = 0.0

    def add(self, *, reference: FloatArray, actual: FloatArray) -> None:
        """Adds the elements of two arrays of one shape."""
        if reference.shape != actual.shape:
            raise ValueError(f"shapes {reference.shape} and {actual.shape} differ")
        with np.errstate(invalid="ignore"):  # a signalling NaN
            wide, low = reference.astype(np.float64), actual.astype(np.float64)
        same = (wide == low) | (np.isnan(wide) & np.isnan(low))
        finite = np.isfinite(wide) & np.isfinite(low)
        self.lost += int(np.count_nonzero(~finite & ~same))
        self.elements += wide.size
        self.largest = max(self.largest, float(np.max(np.abs(wide), initial=0.0, where=~np.isnan(wide))))
        wide, low = np.where(finite, wide, 0.0), np.where(finite, low, 0.0)
        self.signal += float(np.sum(wide * wide))
        self.noise += float(np.sum((wide - low) ** 2))
        self.dot += float(np.sum(wide * low))
        self.actual_energy += float(np.sum(low * low))


def sqnr_db(sums: Comparison) -> float:
    """10 log10 of signal energy over noise energy, in dB; infinite without noise, NaN with a lost element.

    >>> round(sqnr_db(compare(reference=np.float32([1, 0]), actual=np.float32([1, 0.1]))), 3)
    20.0
    """
    if sums.lost:
        return math.nan
    if sums.noise == 0.0:
        return math.inf
    return 10 * math.log10(sums.signal / sums.noise) if sums.signal else -math.inf


def cosine(sums: Comparison) -> float:
    """The cosine of the angle between reference and actual; 1 for two zero blobs, NaN with a lost element."""
    if sums.lost:
        return math.nan
    if sums.signal == 0.0 or sums.actual_energy == 0.0:
        return 1.0 if sums.signal == sums.actual_energy else 0.0
    return max(-1.0, min(1.0, sums.dot / math.sqrt(sums.signal * sums.actual_energy)))


def compare(*, reference: FloatArray, actual: FloatArray) -> Comparison:
    """The sums of one pair of arrays."""
    sums = Comparison()
    sums.add(reference=reference, actual=actual)
    return sums


def add_or_lose(sums: Comparison, *, reference: FloatArray, actual: FloatArray) -> None:
    """Adds the elements of two arrays to `sums`; where their extents differ, as values may have it, all count as lost."""
    if reference.shape == actual.shape:
        sums.add(reference=reference, actual=actual)
    else:
        sums.lost += max(1, reference.size)
        sums.elements += reference.size


@dataclass(frozen=True)
class Metric:
    """A figure with its name, how a target for it reads in words, and its direction: True when more is better."""

    name: str
    words: str
    higher_is_better: bool
    of: Callable[[Comparison], float] = field(repr=False)

    def worst_first(self, sums: Comparison) -> tuple[bool, float]:
        """A sort key: NaN first, then from worst to best."""
        value = self.of(sums)
        return (not math.isnan(value), 0.0 if math.isnan(value) else value if self.higher_is_better else -value)

    def reaches(self, sums: Comparison, target: float) -> bool:
        """True when the figure is at least as good as `target`; NaN never is."""
        value = self.of(sums)
        return value >= target if self.higher_is_better else value <= target


SQNR = Metric("sqnr_db", "SQNR {} dB", higher_is_better=True, of=sqnr_db)
COSINE = Metric("cosine", "cosine {}", higher_is_better=True, of=cosine)
METRICS = {metric.name: metric for metric in (SQNR, COSINE)}
