"""How far a low-precision blob is from its fp32 reference: sums that pool over samples, and figures from them.

An element counts as lost when it is not finite and not the same as in the reference; one lost element makes
every figure NaN. NaN is the worst value of every metric and is never dropped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from maskctl.analysis.classes import Wide, agreeing, axis_of_distribution, divergence
from maskctl.numeric.formats import FloatArray

Sum: TypeAlias = Fraction | float

_ADDED = (
    "signal",
    "noise",
    "dot",
    "actual_energy",
    "lost",
    "elements",
    "samples",
    "distributions",
    "divergence",
    "mass",
    "ranked",
    "top1",
    "top1_of",
    "top5",
    "top5_of",
)
"""The fields of a `Comparison` that add up."""


@dataclass
class Comparison:
    """Sums over all elements of all samples compared so far; `add` takes more, `merge` those of other samples.

    What a sample adds is computed from it alone, and exact fractions add the samples up: whatever the order and however
    the samples are shared out, the sums are the same. `worst` is the number of the sample that has lost most elements, or
    where none has, of the lowest SQNR, and `worst_lost` and `worst_db` are these figures (-inf beside lost elements).
    Samples that are distributions have a `divergence` and a `mass`; of those with classes, `ranked`, the largest are
    looked at.
    """

    signal: Sum = 0
    noise: Sum = 0
    dot: Sum = 0
    actual_energy: Sum = 0
    lost: int = 0
    elements: int = 0
    largest: float = 0.0
    largest_error: float = 0.0
    samples: int = 0
    worst: int | None = None
    worst_lost: int = 0
    worst_db: float = math.inf
    distributions: int = 0
    divergence: Sum = 0
    mass: Sum = 0
    ranked: int = 0
    top1: int = 0
    top1_of: int = 0
    top5: int = 0
    top5_of: int = 0

    def add(self, *, reference: FloatArray, actual: FloatArray, members: Sequence[int] | None = None) -> None:
        """Adds the samples of two arrays (n, …) of one shape; an array of one axis is one sample.

        `members` are the samples' numbers, by default those that follow on what has been added.
        """
        if reference.shape != actual.shape:
            raise ValueError(f"shapes {reference.shape} and {actual.shape} differ")
        pairs = [(reference, actual)] if reference.ndim < 2 else zip(reference, actual, strict=True)
        for place, (one, other) in enumerate(pairs):
            self.merge(_of_sample(one, other, members[place] if members else self.samples))

    def lose(self, elements: int, members: Sequence[int] = ()) -> None:
        """Counts samples of so many elements together, at least one of them, as lost."""
        number = members[0] if members else self.samples
        lost = Comparison(lost=max(1, elements), elements=elements, samples=len(members) or 1)
        lost.worst, lost.worst_lost, lost.worst_db = number, lost.lost, -math.inf
        self.merge(lost)

    def merge(self, other: Comparison) -> None:
        """Adds what was summed over other samples; in whichever order, the outcome is the same."""
        for name in _ADDED:
            more = getattr(other, name)
            if more:
                setattr(self, name, getattr(self, name) + more)
        self.largest = max(self.largest, other.largest)
        self.largest_error = max(self.largest_error, other.largest_error)
        if other.worst is not None and (self.worst is None or other._worst_first() < self._worst_first()):
            self.worst, self.worst_lost, self.worst_db = other.worst, other.worst_lost, other.worst_db

    def _worst_first(self) -> tuple[int, float, int]:
        return -self.worst_lost, self.worst_db, self.worst or 0


def _of_sample(reference: FloatArray, actual: FloatArray, number: int) -> Comparison:
    """The sums of one sample, in one order whatever the arrays' order in memory is."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        wide, low = (np.ascontiguousarray(values, np.float64) for values in (reference, actual))
    sums = Comparison(elements=wide.size, samples=1, worst=number)
    finite = np.isfinite(wide) & np.isfinite(low)
    _add_classes(sums, wide, low)
    if not finite.all():
        sums.lost = int(np.count_nonzero(~finite & ~((wide == low) | (np.isnan(wide) & np.isnan(low)))))
        sums.largest = float(np.max(np.abs(wide), initial=0.0, where=~np.isnan(wide)))
        wide, low = np.where(finite, wide, 0.0), np.where(finite, low, 0.0)
    flat = wide.reshape(-1), low.reshape(-1)
    error = flat[0] - flat[1]
    sums.largest = max(sums.largest, float(np.max(np.abs(flat[0]), initial=0.0)))
    sums.largest_error = float(np.max(np.abs(error), initial=0.0))
    sums.signal, sums.noise = _product(flat[0], flat[0]), _product(error, error)
    sums.dot, sums.actual_energy = _product(*flat), _product(flat[1], flat[1])
    sums.worst_lost, sums.worst_db = sums.lost, -math.inf if sums.lost else sqnr_db(sums)
    return sums


def _product(left: Wide, right: Wide) -> Fraction:
    # Not BLAS: how that adds up depends on how many threads it has.
    return Fraction(float(np.einsum("i,i->", left, right)))


def _add_classes(sums: Comparison, reference: Wide, actual: Wide) -> None:
    """The figures of a sample whose reference is a distribution, or a vector of scores."""
    axis = axis_of_distribution(reference)
    if axis is not None:
        sums.distributions = 1
    elif reference.ndim == 1 and reference.size > 1:
        axis = 0
    if axis is None:
        return
    sums.ranked = 1
    if np.isfinite(reference).all() and np.isfinite(actual).all():
        sums.top1, sums.top1_of = agreeing(reference, actual, axis, 1)
        sums.top5, sums.top5_of = agreeing(reference, actual, axis, 5)
        if sums.distributions:
            sums.divergence, sums.mass = Fraction(divergence(reference, actual)), Fraction(float(reference.sum()))


def sqnr_db(sums: Comparison) -> float:
    """10 log10 of signal energy over noise energy, in dB; infinite without noise, NaN with a lost element.

    >>> round(sqnr_db(compare(reference=np.float32([1, 0]), actual=np.float32([1, 0.1]))), 3)
    20.0
    """
    if sums.lost:
        return math.nan
    if sums.noise == 0:
        return math.inf
    return 10 * math.log10(sums.signal / sums.noise) if sums.signal else -math.inf


def cosine(sums: Comparison) -> float:
    """The cosine of the angle between reference and actual; 1 for two zero blobs, NaN with a lost element."""
    if sums.lost:
        return math.nan
    if sums.noise == 0:
        return 1.0
    if sums.signal == 0 or sums.actual_energy == 0:
        return 0.0
    return max(-1.0, min(1.0, float(sums.dot) / math.sqrt(sums.signal * sums.actual_energy)))


def relative_rms(sums: Comparison) -> float:
    """The root of noise energy over signal energy: 0 without noise, infinite where the reference is all zero."""
    if sums.lost:
        return math.nan
    if sums.noise == 0:
        return 0.0
    return math.sqrt(sums.noise / sums.signal) if sums.signal else math.inf


def largest_error(sums: Comparison) -> float:
    """The largest |reference - actual| of all elements."""
    return math.nan if sums.lost else sums.largest_error


def kl_divergence(sums: Comparison) -> float:
    """The mean Kullback-Leibler divergence of the distributions in nats; see `classes.divergence`."""
    return math.nan if sums.lost else float(sums.divergence / sums.mass)


def top_1(sums: Comparison) -> float:
    """The share of lines whose largest class is the reference's."""
    return math.nan if sums.lost else sums.top1 / sums.top1_of


def top_5(sums: Comparison) -> float:
    """The share of the reference's five largest classes that are among the five largest."""
    return math.nan if sums.lost else sums.top5 / sums.top5_of


def compare(*, reference: FloatArray, actual: FloatArray) -> Comparison:
    """The sums of one pair of arrays."""
    sums = Comparison()
    sums.add(reference=reference, actual=actual)
    return sums


def add_or_lose(
    sums: Comparison, *, reference: FloatArray, actual: FloatArray, members: Sequence[int] | None = None
) -> None:
    """Adds the samples of two arrays to `sums`; where their extents differ, as values may have it, all count as lost."""
    if reference.shape == actual.shape:
        sums.add(reference=reference, actual=actual, members=members)
    else:
        sums.lose(reference.size, members or range(sums.samples, sums.samples + len(reference)))


def always(_: Comparison) -> bool:
    """For metrics that every blob has."""
    return True


def _all_distributions(sums: Comparison) -> bool:
    return 0 < sums.distributions == sums.samples


def _all_ranked(sums: Comparison) -> bool:
    return 0 < sums.ranked == sums.samples


@dataclass(frozen=True)
class Metric:
    """A figure with its name, how a target for it reads in words, and its direction: True when more is better.

    `applies` says whether the figure means anything for a blob.
    """

    name: str
    words: str
    higher_is_better: bool
    of: Callable[[Comparison], float] = field(repr=False)
    applies: Callable[[Comparison], bool] = field(default=always, repr=False)

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
RELATIVE_RMS = Metric("relative_rms", "relative RMS error {}", higher_is_better=False, of=relative_rms)
LARGEST_ERROR = Metric("largest_error", "largest error {}", higher_is_better=False, of=largest_error)
KL = Metric("kl", "KL divergence {}", higher_is_better=False, of=kl_divergence, applies=_all_distributions)
TOP_1 = Metric("top1", "top-1 agreement {}", higher_is_better=True, of=top_1, applies=_all_ranked)
TOP_5 = Metric("top5", "top-5 agreement {}", higher_is_better=True, of=top_5, applies=_all_ranked)
METRICS = {metric.name: metric for metric in (SQNR, COSINE, RELATIVE_RMS, LARGEST_ERROR, KL, TOP_1, TOP_5)}
