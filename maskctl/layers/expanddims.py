"""ExpandDims: a blob with new axes of extent 1. Where its rank would pass 4, the engine leaves it as it is.

Source: ncnn `src/layer/expanddims.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import NAMES, whole_numbers

PARAMS = (Param(3, "axes", (), "where the result has the new axes, negative from its end"),)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape with ones at the new axes; raises `GraphError` for axes the result does not have."""
    shape, axes = inputs[0], whole_numbers(params, "axes")
    rank = len(shape) + len(axes)
    if not axes or rank > len(NAMES):
        return (shape,)
    new = {axis + rank if axis < 0 else axis for axis in axes}
    if len(new) < len(axes) or not new <= set(range(rank)):
        raise GraphError(
            f"axes is {axes}. Expected different ones from {-rank} to {rank - 1}, of a result of rank {rank}."
        )
    old = iter(shape)
    return (tuple(1 if place in new else next(old) for place in range(rank)),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The same elements under the longer shape."""
    values = inputs[0]
    return (values.reshape(len(values), *shapes(params, (values.shape[1:],))[0]),)


LAYER = LayerType("ExpandDims", range(1, 2), forward, PARAMS, shapes=shapes)
