"""Whether a layer can overflow: the bounds of its values on the way against the largest numbers of their formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from maskctl.analysis.bounds.case import Bounds, Case, spacing
from maskctl.analysis.bounds.interval import Interval, rounded
from maskctl.analysis.bounds.rules import bounds_of
from maskctl.executor.layer import stored_weights
from maskctl.numeric.formats import FORMATS, FP16, FP32, FloatArray


@dataclass(frozen=True)
class Danger:
    """Something that may leave the range of its format: what it is, how large it may get, and the format's largest.

    `kind` is input (cast on its way in), weight, sum (a partial sum), winograd (a value of its transforms), inside (a value
    of its arithmetic), offset (what a norm adds to scaled values), value (the stored result) or unknown (nothing bounds it).
    `peaks` are (n,), per sample.
    """

    kind: str
    peaks: FloatArray
    limit: float

    @property
    def peak(self) -> float:
        """The largest of all samples."""
        return float(self.peaks.max(initial=0))

    @property
    def ratios(self) -> FloatArray:
        """How many times the largest number, (n,)."""
        return self.peaks / np.float32(self.limit)


@dataclass(frozen=True)
class Judgement:
    """What a layer gives as it stores it, and all that may overflow there, the worst first; "" where a rule bounds it."""

    tops: tuple[Interval, ...]
    dangers: tuple[Danger, ...]
    unknown: str

    @property
    def high(self) -> float:
        """The largest value of its tops; infinite where nothing bounds it."""
        return max((float(top.high.max(initial=0)) for top in self.tops), default=0.0)

    @property
    def low(self) -> float:
        """The smallest value of its tops."""
        return min((float(top.low.min(initial=0)) for top in self.tops), default=0.0)


def judge(case: Case) -> Judgement:
    """The bounds of a layer's tops, and every format they may leave on the way there.

    Holds as long as its inputs are finite.
    """
    read = replace(case, inputs=tuple(_as_read(case, place) for place in range(len(case.inputs))))
    found = bounds_of(read)
    is_kept = found.moves and all(kept == case.step.gives for kept in case.step.arrives)
    tops = found.tops
    if not is_kept:
        tops = tuple(_as_stored(top, case.step.kept(place)) for place, top in enumerate(found.tops))
    dangers = [danger for danger in _dangers(case, found, tops) if not (danger.ratios <= 1).all()]
    dangers.sort(key=lambda danger: -float(danger.ratios.max()))
    return Judgement(tops, tuple(dangers), found.unknown)


def _as_read(case: Case, place: int) -> Interval:
    """An input as the layer reads it: cast where it arrives in fp32 and the layer keeps 16 bits."""
    kept = case.step.stored
    bounds = case.inputs[place]
    if case.step.arrives[place] != "fp32" or kept == "fp32":
        return bounds
    return _as_stored(bounds, kept).within(FORMATS[kept].largest)


def _as_stored(bounds: Interval, name: str) -> Interval:
    return rounded(bounds, spacing(name), FORMATS[name].smallest_normal)  # casts one by one flush


def _dangers(case: Case, found: Bounds, tops: tuple[Interval, ...]) -> Iterator[Danger]:
    step = case.step
    if found.unknown:
        yield Danger("unknown", np.full(case.samples, np.inf, np.float32), FORMATS[step.gives].largest)
        return
    largest = FORMATS[step.stored].largest
    for bounds, kept in zip(case.inputs, step.arrives, strict=True):
        if kept == "fp32" and step.stored != "fp32":
            yield Danger("input", bounds.peaks, largest)
    if not all(np.isfinite(held).all() for held in stored_weights(case.op, case.weights, step, case.target).values()):
        yield Danger("weight", np.full(case.samples, np.inf, np.float32), FORMATS[step.weights].largest)
    for kind, peaks in found.peaks.items():
        in_fp16 = step.sums_in_fp16 or kind == "offset"
        yield Danger(kind, peaks, (FP16 if in_fp16 else FP32).largest)
    for place, top in enumerate(tops):
        yield Danger("value", top.peaks, FORMATS[step.kept(place)].largest)
