"""What in a layer's exact values explains its loss: one row per cause, looked for in every sample apart.

A layer is looked at with exact inputs, so that what is found is its own doing and not that of a layer before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from maskctl.analysis.overflow import place_text, sums_before_activation
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array, Arrays, Weights
from maskctl.numeric.figures import figure
from maskctl.numeric.formats import FORMATS, FloatArray, round_to
from maskctl.targets import Target
from maskctl.targets.storage import Step

_SUMS = {"Convolution", "ConvolutionDepthWise", "InnerProduct"}
_ADDS = {"BinaryOp": ("op_type", {0, 1, 7}), "Eltwise": ("op_type", {1})}
"""The types, and their operations by ncnn's numbers, that add or subtract their inputs."""

_BY_CHANCE = 2.0
"""Terms of random signs sum to about their magnitudes' sum over the root of their number; so much less is cancellation."""

_OUTLIER = 16.0
_FEWEST_CHANNELS = 4


@dataclass(frozen=True)
class Evidence:
    """What was found of one cause: the most telling value, its place, its sample, and in how many elements of how many."""

    cause: str
    value: float
    place: tuple[int, ...]
    sample: int
    count: int = 0
    of: int = 0

    def merge(self, other: Evidence) -> Evidence:
        """The evidence over both's samples: counts together, the larger value, of equals that of the first sample."""
        first = max(self, other, key=lambda found: (abs(found.value), -found.sample))
        return replace(first, count=self.count + other.count, of=self.of + other.of)

    def __str__(self) -> str:
        """In words."""
        s, are, es = ("", "is", "s") if self.count == 1 else ("s", "are", "")
        return CAUSES[self.cause].words.format(
            value=self.value,
            figure=figure(self.value),
            s=s,
            are=are,
            es=es,
            at=f" at {place_text(self.place)}" if len(self.place) > 1 else "",
            channel=self.place[0] if self.place else "",
            count=self.count,
            of=self.of,
        )


@dataclass(frozen=True)
class Seen:
    """One sample of a layer: its exact inputs and first top without the axis of samples, and how it runs."""

    op: Operator
    weights: Weights
    inputs: Arrays
    top: FloatArray
    step: Step
    target: Target
    sample: int


def always(_: Evidence) -> bool:
    """For causes that explain a loss wherever they are found."""
    return True


def never(_: Evidence) -> bool:
    """For facts that explain nothing by themselves."""
    return False


def most(found: Evidence) -> bool:
    """For causes that explain a loss where they are found in most elements: what is far below the rest matters little."""
    return 2 * found.count >= found.of


@dataclass(frozen=True)
class Cause:
    """A cause by name, in words, what finds it in one sample, and whether what was found stands in the reason of a layer."""

    name: str
    words: str
    find: Callable[[Seen], Evidence | None] = field(repr=False)
    explains: Callable[[Evidence], bool] = field(default=always, repr=False)


def collect(
    op: Operator, weights: Weights, inputs: Arrays, top: Array, step: Step, target: Target, members: Sequence[int]
) -> Iterator[Evidence]:
    """Everything found in the samples (n, …) of a layer's exact inputs and first top."""
    if top.dtype != np.float32 or step.hazard:
        return
    for place, sample in enumerate(members):
        seen = Seen(op, weights, tuple(values[place] for values in inputs), top[place], step, target, sample)
        yield from (found for cause in CAUSES.values() if (found := cause.find(seen)) is not None)


def merge(into: dict[str, Evidence], more: Mapping[str, Evidence]) -> None:
    """Adds what was found in other samples."""
    for name, found in more.items():
        into[name] = into[name].merge(found) if name in into else found


def _at(cause: str, seen: Seen, values: FloatArray, sizes: FloatArray, count: int = 0) -> Evidence:
    """Evidence at the element whose size is largest."""
    place = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    return Evidence(cause, float(values[place]), tuple(map(int, place)), seen.sample, count, values.size)


def _largest(seen: Seen) -> Evidence | None:
    sizes = np.where(np.isfinite(seen.top), np.abs(seen.top), -1.0)
    return _at("largest", seen, seen.top, sizes) if sizes.size and sizes.max() >= 0 else None


def _sentinel(seen: Seen) -> Evidence | None:
    """Elements that share one value below the format's range: a stand-in for minus infinity."""
    limit = FORMATS[seen.step.stored].largest
    for values in (*seen.inputs, seen.top):
        if values.dtype != np.float32 or not values.size:
            continue
        below = values < -limit
        count = int(np.count_nonzero(below))
        if count > 1 and seen.step.stored != "fp32" and (values[below] == values.min()).all():
            return _at("sentinel", seen, values, np.where(below, 1.0, 0.0), count)
    return None


def _integers(seen: Seen) -> Evidence | None:
    """Whole numbers that the format cannot tell apart."""
    values = seen.top
    if seen.step.stored == "fp32" or not values.size or not (np.trunc(values) == values).all():
        return None
    with np.errstate(over="ignore"):
        changed = (round_to(values, seen.step.stored) != values) & np.isfinite(values)
    count = int(np.count_nonzero(changed))
    return _at("integers", seen, values, np.where(changed, np.abs(values), -1.0), count) if count else None


def _flushed(seen: Seen) -> Evidence | None:
    """Elements that are not 0 and become 0."""
    if seen.step.stored == "fp32" or not seen.top.size:
        return None
    flushed = (seen.top != 0) & (round_to(seen.top, seen.step.stored) == 0)
    count = int(np.count_nonzero(flushed))
    if not count:
        return None
    found = _at("flushed", seen, seen.top, np.where(flushed, np.abs(seen.top), -1.0), count)
    return replace(found, of=int(np.count_nonzero(seen.top)))


def _cancellation(seen: Seen) -> Evidence | None:
    """Terms whose magnitudes together are far more than their sum, by more than random signs make of them."""
    found = _terms(seen)
    if found is None:
        return None
    sums, magnitudes, terms = found
    energy = float(np.sum(np.square(sums, dtype=np.float64)))
    ratio = math.sqrt(float(np.sum(np.square(magnitudes, dtype=np.float64))) / energy) if energy > 0 else 0.0
    if not math.isfinite(ratio) or ratio < _BY_CHANCE * max(4.0, math.sqrt(terms)):
        return None
    place = np.unravel_index(int(np.argmax(magnitudes)), magnitudes.shape)
    return Evidence("cancellation", ratio, tuple(map(int, place)), seen.sample)


def _terms(seen: Seen) -> tuple[FloatArray, FloatArray, int] | None:
    """Sums before the activation, the sums of their terms' magnitudes, and how many terms; None where nothing is summed."""
    op, inputs = seen.op, seen.inputs
    if op.layer.type in _SUMS and len(inputs) == 1 and "weight" in seen.weights:
        if inputs[0].dtype != np.float32 or op.params.integer("int8_scale_term"):
            return None
        exact = replace(seen.step, stored="fp32", options=frozenset())
        read = (inputs[0][None],)
        weights = {name: np.abs(values) for name, values in seen.weights.items()}
        sums = sums_before_activation(op, seen.weights, read, exact, seen.target)[0]
        magnitudes = sums_before_activation(op, weights, (np.abs(read[0]),), exact, seen.target)[0]
        return sums, magnitudes, seen.weights["weight"][0].size
    name, operations = _ADDS.get(op.layer.type, ("", set[int]()))
    if not name or len(inputs) < 2 or op.params.integer(name) not in operations:
        return None
    try:
        return seen.top, sum((np.abs(values) for values in inputs[1:]), np.abs(inputs[0])), len(inputs)
    except ValueError:  # the engine's broadcasting has rules of its own
        return None


def _outlier(seen: Seen) -> Evidence | None:
    """A channel that is far larger than most."""
    if seen.top.ndim < 2 or len(seen.top) < _FEWEST_CHANNELS:
        return None
    sizes = np.fmax.reduce(np.abs(seen.top.reshape(len(seen.top), -1)), axis=1, initial=np.float32(0))
    usual = float(np.median(sizes))
    channel = int(np.argmax(sizes))
    if not math.isfinite(sizes[channel]) or usual == 0 or sizes[channel] < _OUTLIER * usual:
        return None
    return Evidence("outlier", float(sizes[channel]) / usual, (channel,), seen.sample)


_ROWS = (
    Cause("sentinel", "{count:,} elements of {value:,.4g} stand for minus infinity and become it", _sentinel),
    Cause("integers", "{count:,} whole number{s} up to {value:,.0f} {are} beyond what the format counts", _integers),
    Cause("cancellation", "terms cancel: their magnitudes come to {value:,.0f} times the sum{at}", _cancellation),
    Cause(
        "flushed",
        "{count:,} of {of:,} values {are} below the format's smallest and become{es} 0, up to {value:.2g}{at}",
        _flushed,
        most,
    ),
    Cause("outlier", "channel {channel} is {value:,.0f} times the usual", _outlier),
    Cause("largest", "largest value {figure}{at}", _largest, never),
)
CAUSES = {cause.name: cause for cause in _ROWS}
"""All causes by name, the most telling first."""


def explanation(found: Mapping[str, Evidence], *, lost: bool) -> str:
    """The most telling cause in words, "" where none explains anything; of `lost` elements only sentinels do."""
    names = [name for name, cause in CAUSES.items() if name in found and cause.explains(found[name])]
    if lost:
        names = [name for name in names if name == "sentinel"]
    return str(found[names[0]]) if names else ""
