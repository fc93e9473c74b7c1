"""Input: a blob that the application feeds. Source: ncnn `src/layer/input.cpp`.

The engine does not look at the shape in the file; maskctl takes it where the caller gives none. Extents of 0 are left out.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Param, Params, Shape, Weights

PARAMS = (
    Param(0, "w", 0, "width"),
    Param(1, "h", 0, "height"),
    Param(11, "d", 0, "depth"),
    Param(2, "c", 0, "channels"),
)


def shapes(params: Params, _: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The written shape, outermost extent first; raises `ExecutionError` when there is none."""
    extents = {name: params.integer(name) for name in ("c", "d", "h", "w")}
    shape = tuple(value for value in extents.values() if value)
    if not shape or min(shape) < 0:
        raise ExecutionError("the Input layer has no shape. Give one with --shape, e.g. --shape data=3,224,224.")
    return (shape,) * params.tops


def forward(_: Params, __: Weights, inputs: Arrays) -> Arrays:
    """The blob as fed."""
    return inputs


LAYER = LayerType("Input", range(1), forward, PARAMS, shapes=shapes, tops=ONE_OR_MORE)
