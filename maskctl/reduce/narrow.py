"""Smaller blobs: what is left of a layer's parameters and weights when a blob it reads or gives has fewer rows or channels.

One row per layer type in `READERS` and `GIVERS`. Layers of other types are left as they are: without weights they take
any extents, and with weights the candidate fits or it does not, which its run shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from maskctl.graph.operators import Operator
from maskctl.layers.base import Shape, Weights, same_shape
from maskctl.layers.families.convolution_params import declared, groups_of, is_dynamic
from maskctl.layers.innerproduct import by_rows
from maskctl.numeric.formats import FloatArray
from maskctl.reduce.case import Case

Kept: TypeAlias = Sequence[int]
_SHAPE_HINTS = 30
_PASSING = frozenset({"Split", "Pooling", "Noop", "Dropout"})
_ELEMENTWISE = frozenset({"Eltwise", "BinaryOp"})


@dataclass(frozen=True)
class Change:
    """Other values for parameters, other weights, and which places along the same axis the tops keep (None: unknown)."""

    params: Mapping[int, int] = field(default_factory=dict)
    weights: Weights | None = None
    kept: Kept | None = None


def _reads_all_channels(op: Operator, weights: Weights, _: Shape, axis: int, kept: Kept) -> Change | None:
    """A convolution or deconvolution of all channels; rows and columns concern its weights not at all."""
    if axis or is_dynamic(op.params):
        return None
    weight = weights["weight"][:, list(kept)]
    return Change({6: weight.size}, {**weights, "weight": weight})


def _reads_groups(op: Operator, weights: Weights, _: Shape, axis: int, kept: Kept) -> Change | None:
    """A convolution or deconvolution in groups of one channel or several: groups with none left go with all they give.

    None where those that stay would read different numbers of channels.
    """
    if axis or is_dynamic(op.params) or len(weights) > 2:
        return None
    kernels = declared(op.params)
    own, each = kernels.inputs_per_group, kernels.outputs // kernels.groups
    read: dict[int, list[int]] = {}
    for channel in kept:
        read.setdefault(channel // own, []).append(channel % own)
    if len({len(places) for places in read.values()}) != 1:
        return None
    rows = [group * each + place for group in read for place in range(each)]
    held = weights["weight"].reshape(kernels.groups, each, own, -1)
    taken = np.stack([held[group][:, places] for group, places in read.items()])
    weight = taken.reshape(len(rows), -1, *weights["weight"].shape[2:])
    others = {name: values[rows] for name, values in weights.items() if name != "weight"}
    return Change({0: len(rows), 6: weight.size, 7: len(read)}, {"weight": weight, **others}, rows)


def _reads_as_vector(op: Operator, weights: Weights, shape: Shape, axis: int, kept: Kept) -> Change | None:
    """An InnerProduct, of a blob read as one vector or of each of its rows."""
    if by_rows(op.params, shape):
        if axis == 0:
            return Change(kept=kept)
        shape, axis = shape[1:], 0
    weight = weights["weight"]
    taken = np.take(weight.reshape(len(weight), *shape), list(kept), axis=1 + axis).reshape(len(weight), -1)
    return Change({2: taken.size}, {**weights, "weight": taken})


def _reads_per_channel(_op: Operator, weights: Weights, _: Shape, axis: int, kept: Kept) -> Change | None:
    """A layer with one element of each weight per channel; their number is its parameter 0."""
    if axis or any(len(values) == 1 for values in weights.values()):
        return Change(kept=None if axis else kept)
    return Change({0: len(kept)}, {name: values[list(kept)] for name, values in weights.items()}, kept)


_Reader: TypeAlias = Callable[[Operator, Weights, Shape, int, Kept], Change | None]
READERS: Mapping[str, _Reader] = {
    "Convolution": _reads_all_channels,
    "Deconvolution": _reads_all_channels,
    "ConvolutionDepthWise": _reads_groups,
    "DeconvolutionDepthWise": _reads_groups,
    "InnerProduct": _reads_as_vector,
    "BatchNorm": _reads_per_channel,
    "Scale": _reads_per_channel,
    "Bias": _reads_per_channel,
    "PReLU": _reads_per_channel,
    "InstanceNorm": _reads_per_channel,
}
"""How a type reads a blob of fewer channels."""

GIVERS = {
    "Convolution": 6,
    "ConvolutionDepthWise": 6,
    "Deconvolution": 6,
    "DeconvolutionDepthWise": 6,
    "InnerProduct": 2,
}
"""Types that can give fewer channels, and the parameter that is the size of their weight; in groups only one that is alone."""


def narrowed(case: Case, blobs: Mapping[str, Kept], axis: int) -> Case:
    """The case with `kept` places along an axis (0: channels) of blobs it is fed with, and all that follows from it."""
    inputs = {
        name: np.take(values, list(blobs[name]), axis=1 + axis) if name in blobs else values
        for name, values in case.inputs.items()
    }
    return _followed(Case(case.parts, inputs), case, blobs, axis)


def gives_fewer(case: Case, place: int) -> bool:
    """True where one part can be made to give fewer channels."""
    part = case.parts[place]
    return part.line.type in GIVERS and bool(part.weights) and groups_of(case.ops[place].params) == 1


def fewer_outputs(case: Case, place: int, kept: Kept) -> Case:
    """The case with the channels `kept` of what one part gives, of which `gives_fewer` is true."""
    op, part = case.ops[place], case.parts[place]
    whole = op.params.integer("num_output")
    weights: dict[str, FloatArray] = {
        name: values[list(kept)] if len(values) == whole else values for name, values in part.weights.items()
    }
    changes = {0: len(kept), GIVERS[op.layer.type]: weights["weight"].size}
    line = part.line
    for number, value in changes.items():
        line = line.with_param(number, value)
    return _followed(case.changed(place, line, weights), case, {part.line.tops[0]: kept}, 0)


def _followed(changed: Case, before: Case, blobs: Mapping[str, Kept], axis: int) -> Case:
    """The case with every layer behind `blobs` adapted to what they keep; hints at shapes no longer hold and go."""
    kept: dict[str, Kept | None] = dict(blobs)
    for place, (op, part) in enumerate(zip(before.ops, before.parts, strict=True)):
        read = [kept[name] for name in part.line.bottoms if name in kept]
        if not read:
            continue
        change = _change(op, part.weights, [before.shapes[name] for name in part.line.bottoms], axis, read)
        line = part.line
        for number, value in change.params.items():
            line = line.with_param(number, value)
        changed = changed.changed(place, line, part.weights if change.weights is None else change.weights)
        kept.update(dict.fromkeys(part.line.tops, change.kept))
    return changed.with_lines(lambda line: line.with_param(_SHAPE_HINTS, None))


def _change(op: Operator, weights: Weights, shapes: list[Shape], axis: int, read: list[Kept | None]) -> Change:
    """What becomes of a layer that reads narrowed blobs; nothing where that is not known."""
    first = read[0]
    if first is None:
        return Change()
    if op.layer.type in READERS and weights:
        return READERS[op.layer.type](op, weights, shapes[0], axis, first) or Change()
    together = len(read) == len(shapes) and all(other == first for other in read) and len(set(shapes)) == 1
    passes = op.layer.type in _PASSING or (op.kind.shapes is same_shape and not weights)
    if together and (passes or op.layer.type in _ELEMENTWISE):
        return Change(kept=first if axis == 0 or op.layer.type != "Pooling" else None)
    return Change()


def kept_whole(case: Case) -> tuple[str, ...]:
    """The types of layers with weights whose channels cannot be made fewer here."""
    return tuple(sorted({part.line.type for part in case.parts if part.weights and part.line.type not in READERS}))
