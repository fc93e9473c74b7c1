"""Slice: a blob cut into pieces along an axis, one per top.

With `indices` the pieces end there, and the last top takes what is left. With `slices` they have those extents,
-233 an equal share of what is left; what they leave over is in no top. Along columns, and rows of
volumes, the engine does not skip that, and mixes the pieces up: refused; so it does where all pieces are multiples of
4 or 8, and the channels are not. With multiples of 16 that leave eights over, x86-64 CPUs with AVX-512 alone do
(`uneven-slice-on-avx512`). Source: ncnn `src/layer/slice.cpp`.
"""

from __future__ import annotations

from itertools import pairwise

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import AXIS, axis_of, whole_numbers

SHARE = -233
_TOGETHER = (4, 8)
"""How many channels lie side by side on phones."""

PARAMS = (
    Param(0, "slices", (), "extents along the axis, -233: an equal share of the rest"),
    Param(1, "axis", 0, AXIS.meaning),
    Param(2, "indices", (), "where the pieces end, negative from the end; instead of slices"),
)


def bounds(params: Params, extent: int) -> tuple[int, ...]:
    """Where the pieces begin and the last ends; raises where the engine would make or read nothing sensible."""
    slices, indices, tops = whole_numbers(params, "slices"), whole_numbers(params, "indices"), params.tops
    if len(indices) < tops - 1 if indices else len(slices) < tops:
        raise GraphError(
            f"there are {tops} tops, {len(slices)} slices and {len(indices)} indices. "
            "Expected a slice for each top, or an index for each but the last."
        )
    if indices:
        ends = [index + extent if index < 0 else index for index in indices[: tops - 1]]
        found = [0, *ends, extent]
    else:
        found = [0]
        for number, size in enumerate(slices[:tops]):
            share = (extent - found[-1]) // (tops - number)
            found.append(found[-1] + (share if size == SHARE else size))
    if found[-1] > extent or any(end <= start for start, end in pairwise(found)):
        raise ExecutionError(
            f"an extent of {extent} is cut at {tuple(found)}. Expected pieces of 1 or more that lie within it."
        )
    return tuple(found)


def _cut(params: Params, shape: Shape) -> tuple[int, tuple[int, ...]]:
    """The axis and the bounds along it; raises where the engine mixes the pieces up."""
    axis = axis_of(params, len(shape))
    found = bounds(params, shape[axis])
    if axis > 1 and found[-1] < shape[axis]:
        raise ExecutionError(
            f"the pieces end at {found[-1]} of {shape[axis]}. Along columns, and rows of volumes, the engine does not skip what "
            "no top takes, and gives it for the next piece. Expected pieces that add up; -233 takes the rest."
        )
    if axis == 0 and len(shape) > 1 and found[-1] < shape[0] and _is_coarser(found, shape[0]):
        raise ExecutionError(
            f"the pieces end at {found[-1]} of {shape[0]}. The engine lays all of them in fours or eights, in which the blob does not "
            "lie, and copies the one for the other. Expected pieces that add up; -233 takes the rest."
        )
    return axis, found


def _is_coarser(found: tuple[int, ...], extent: int) -> bool:
    """True where all pieces are multiples of 4 or 8, and the extent is not."""
    return any(extent % together and not any(end % together for end in found) for together in _TOGETHER)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape with another extent along the axis, for each top."""
    shape = inputs[0]
    axis, found = _cut(params, shape)
    return tuple((*shape[:axis], end - start, *shape[axis + 1 :]) for start, end in pairwise(found))


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The pieces, views into the input."""
    values = inputs[0]
    axis, found = _cut(params, values.shape[1:])
    before = (slice(None),) * (1 + axis)
    return tuple(values[(*before, slice(start, end))] for start, end in pairwise(found))


LAYER = LayerType("Slice", range(1, 2), forward, PARAMS, shapes=shapes, tops=ONE_OR_MORE)
