"""Reshape: the elements in their order under another shape.

An extent of 0 is the input's extent of the same name (1 where it has none), -1 what the others leave. The rank is
that of the extents written from w on: a depth without channels does not count. A shape expression (key 6) lists the
extents from w to c and may refer to several bottoms. The batch axes (keys 12 and 13) put the samples of one blob
among its axes; maskctl's blobs hold one sample each, so such an axis must come to 1, and there 0 is the extent at the
same place. maskctl refuses shapes that do not hold all elements, of which some versions of the engine drop the rest.

Source: ncnn `src/layer/reshape.cpp`.
"""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.expression import evaluate, references
from maskctl.layers.families.extents import NAMES, extent

UNSET, NO_AXIS = -233, 233

PARAMS = (
    Param(0, "w", UNSET, "width; 0 as the input's, -1 what is left"),
    Param(1, "h", UNSET, "height"),
    Param(11, "d", UNSET, "depth"),
    Param(2, "c", UNSET, "channels"),
    Param(6, "shape_expr", "", "shape expression, from w to c; instead of the extents"),
    Param(12, "input_batch_axis", NO_AXIS, "where the input's samples stand among its axes"),
    Param(13, "output_batch_axis", NO_AXIS, "where the output's samples stand among its axes"),
)


def by_place(params: Params) -> bool:
    """True when an axis of the samples is set, and extents of 0 mean the same place instead of the same name."""
    return any(params.integer(name) != NO_AXIS for name in ("input_batch_axis", "output_batch_axis"))


def _written(params: Params) -> Shape:
    """The extents in the `.param`, outermost first; empty when there is no width."""
    names = "whcd"
    unset = [name for name in names if params.integer(name) == UNSET]
    rank = names.index(unset[0]) if unset else 4
    return tuple(params.integer(name) for name in NAMES.get(rank, ""))


def wanted(params: Params, inputs: tuple[Shape, ...]) -> Shape:
    """The shape asked for, outermost extent first, 0 and -1 not yet resolved."""
    text = params.text("shape_expr")
    if len(inputs) > 1 and references(text) < 2:
        raise GraphError(f"there are {len(inputs)} inputs. Expected 1, or a shape expression (6=) that refers to more.")
    shape = evaluate(text, inputs)[::-1] if text else _written(params)
    most = 4 if params.integer("output_batch_axis") == NO_AXIS else 5
    if not 0 < len(shape) <= most:
        raise GraphError(f"the shape has {len(shape)} extents. Expected 1 to {most}: w (0=), h (1=), d (11=), c (2=).")
    return shape


def _resolved(shape: Shape, kept: Shape, total: int) -> Shape:
    """The shape with its zeros taken from `kept` and its -1 from what is left of `total` elements."""
    if len(kept) < len(shape) and 0 in shape[len(kept) :]:
        raise ExecutionError(f"the shape {shape} keeps an extent that the input does not have. Write the extent.")
    found = [kept[place] if value == 0 else value for place, value in enumerate(shape)]
    known = math.prod(value for value in found if value != -1)
    if found.count(-1) == 1 and known > 0:
        found[found.index(-1)] = total // known
    if min(found) < 1 or math.prod(found) != total:
        raise ExecutionError(f"{total} elements do not fill the shape {shape}. Expected one that holds as many.")
    return tuple(found)


def _without_samples(params: Params, shape: Shape, inputs: tuple[Shape, ...]) -> Shape:
    """The shape without the axis of the samples; raises `ExecutionError` when it would hold other than one."""
    first, before, after = inputs[0], params.integer("input_batch_axis"), params.integer("output_batch_axis")
    kept = first
    if before != NO_AXIS:
        if not -len(first) - 1 <= before <= len(first):
            raise ExecutionError(f"input_batch_axis (12=) is {before}. A blob of rank {len(first)} has no such axis.")
        place = before % (len(first) + 1)
        kept = (*first[:place], 1, *first[place:])
    found = _resolved(shape, kept, math.prod(first))
    if after == NO_AXIS:
        return found
    if not -len(found) <= after < len(found) or len(found) < 2:
        raise ExecutionError(f"output_batch_axis (13=) is {after}. The shape {found} has no such axis to spare.")
    place = after % len(found)
    if found[place] != 1:
        raise ExecutionError(
            f"the result is a batch of {found[place]} samples (13={after}). maskctl runs blobs of one sample; "
            "give an input that comes to one."
        )
    return (*found[:place], *found[place + 1 :])


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shape asked for, its 0 and -1 resolved."""
    shape = wanted(params, inputs)
    if by_place(params):
        return (_without_samples(params, shape, inputs),)
    kept = tuple(extent(inputs[0], name) for name in NAMES[len(shape)])
    return (_resolved(shape, kept, math.prod(inputs[0])),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The first bottom under its new shape."""
    (shape,) = shapes(params, tuple(values.shape[1:] for values in inputs))
    return (inputs[0].reshape(len(inputs[0]), *shape),)


LAYER = LayerType("Reshape", ONE_OR_MORE, forward, PARAMS, shapes=shapes)
