"""CopyTo: the first bottom with the second laid over a part of it; the second alone where their shapes are the same.

The second may lack outer axes, which count as 1. Source: ncnn `src/layer/copyto.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import NAMES, axes_listed, extent, whole_numbers

PARAMS = (
    Param(0, "woffset", 0, "columns left of the part"),
    Param(1, "hoffset", 0, "rows above it"),
    Param(13, "doffset", 0, "planes in front of it"),
    Param(2, "coffset", 0, "channels in front of it"),
    Param(9, "starts", (), "where it begins along each axis, -233: at 0, negative from the end; instead of offsets"),
    Param(11, "axes", (), "the axes of starts, all when empty"),
)


def _offsets(params: Params, shape: Shape) -> tuple[int, ...]:
    """Where the part begins, outermost axis first."""
    starts = whole_numbers(params, "starts")
    if not starts:
        return tuple(params.integer(f"{name}offset") for name in NAMES[len(shape)])
    axes = axes_listed(whole_numbers(params, "axes"), len(shape))
    if len(starts) < len(axes):
        raise GraphError(f"there are {len(starts)} starts for {len(axes)} axes. Expected one for each.")
    found = [0] * len(shape)
    for start, axis in zip(starts, axes, strict=False):
        found[axis] = 0 if start == -233 else start if start >= 0 else start + shape[axis]
    return tuple(found)


def part(params: Params, shape: Shape, laid: Shape) -> tuple[slice, ...]:
    """The part of a blob of `shape` that one of shape `laid` covers; raises where it would reach beyond."""
    sizes = tuple(extent(laid, name) for name in NAMES[len(shape)])
    found = tuple(slice(start, start + size) for start, size in zip(_offsets(params, shape), sizes, strict=True))
    if len(laid) > len(shape) or any(
        place.start < 0 or place.stop > size for place, size in zip(found, shape, strict=True)
    ):
        told = ", ".join(f"{place.start} to {place.stop}" for place in found)
        raise ExecutionError(
            f"a blob of shape {laid} laid over one of shape {shape} would cover {told}. It must lie within."
        )
    return found


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The first input's shape."""
    if inputs[0] != inputs[1]:
        part(params, *inputs)
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """A copy of the first input with the second in it."""
    under, over = inputs
    if under.shape[1:] == over.shape[1:]:
        return (over,)
    place = part(params, under.shape[1:], over.shape[1:])
    names = NAMES[under.ndim - 1]
    found = under.copy()
    found[(slice(None), *place)] = over.reshape(len(over), *(extent(over.shape[1:], name) for name in names))
    return (found,)


LAYER = LayerType("CopyTo", range(2, 3), forward, PARAMS, shapes=shapes)
