"""What the blobs of each layer hold and how far the lowered network's are from them, as distributions."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from maskctl.analysis.analyze import Analysis, silent
from maskctl.analysis.finders import finders, found_blobs
from maskctl.analysis.histograms import Histogram
from maskctl.analysis.metrics import Comparison, add_or_lose
from maskctl.analysis.pool import portions_of
from maskctl.analysis.work import Progress
from maskctl.executor.policy import Policy
from maskctl.executor.replay import Replay
from maskctl.executor.run import run
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

    `after` are the sums under the proposed masks; those before it are the layer's graphwise loss.
    """

    values: Values
    errors_before: Histogram = field(default_factory=Histogram)
    errors_after: Histogram = field(default_factory=Histogram)
    after: Comparison = field(default_factory=Comparison)


def profiles(
    analysis: Analysis, indices: Collection[int] | None = None, progress: Progress = silent
) -> Mapping[int, Profile]:
    """The profile of every layer that runs, or of those in `indices`, by layer index.

    Runs the model three times over all samples: in fp32, lowered, and what the proposed masks change of that.
    """
    model, policy = analysis.model, analysis.policy
    kept = {op.layer.index: op.layer.tops[0] for op in model.operators if not op.cut and op.layer.tops}
    if indices is not None:
        kept = {index: top for index, top in kept.items() if index in indices}
    found = {index: Profile(Values(limits_of(policy.precision))) for index in kept}
    uncompared = {op.layer.index for op in model.operators if op.layer.type == "Input" or op in analysis.finders}
    given = found_blobs(finders(model, policy.target))
    parts = portions_of(model, analysis.samples)
    for number, portion in enumerate(parts):
        progress("looking at values", number, len(parts))
        computed = run(model, portion.inputs, Policy("fp32", policy.target), keep={*kept.values(), *given})
        exact = Trace({**portion.inputs, **computed})
        replay = Replay(model, portion.inputs, policy)
        replay.give({name: exact[name] for name in given})
        before = replay.run({})
        after = replay.run(analysis.masks) if analysis.masks else before
        for index, top in kept.items():
            found[index].values.add(exact[top])
            if index not in uncompared:
                add_or_lose(found[index].after, reference=exact[top], actual=after[top], members=portion.members)
                _add_error(found[index].errors_before, exact[top], before[top])
                _add_error(found[index].errors_after, exact[top], after[top])
    return found


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
