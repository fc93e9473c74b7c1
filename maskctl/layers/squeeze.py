"""Squeeze: a blob without some of its axes of extent 1; axes that are longer or that it does not have stay as they are.

The list of axes counts more than the flags. Without any axis left the blob is a vector of one element; without
parameters nothing changes. Source: ncnn `src/layer/squeeze.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import NAMES, whole_numbers

PARAMS = (
    Param(0, "squeeze_w", 0, "not 0: without the width"),
    Param(1, "squeeze_h", 0, "not 0: without the height"),
    Param(11, "squeeze_d", 0, "not 0: without the depth"),
    Param(2, "squeeze_c", 0, "not 0: without the channels"),
    Param(3, "axes", (), "axes in (c, d, h, w) order, negative from the end; instead of the flags"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape without the ones that go."""
    shape, axes = inputs[0], whole_numbers(params, "axes")
    if len(axes) > len(NAMES) or any(not -len(NAMES) <= axis < len(NAMES) for axis in axes):
        raise GraphError(
            f"axes (3=) is {axes}. Expected at most {len(NAMES)}, each from {-len(NAMES)} to {len(NAMES) - 1}."
        )
    if axes:
        going = {axis + len(shape) if axis < 0 else axis for axis in axes}
    else:
        going = {place for place, name in enumerate(NAMES[len(shape)]) if params.integer(f"squeeze_{name}")}
    kept = tuple(value for place, value in enumerate(shape) if value != 1 or place not in going)
    return (kept or (1,),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The same elements under the shorter shape."""
    values = inputs[0]
    return (values.reshape(len(values), *shapes(params, (values.shape[1:],))[0]),)


LAYER = LayerType("Squeeze", range(1, 2), forward, PARAMS, shapes=shapes)
