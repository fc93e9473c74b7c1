"""GLU: the first half along an axis times the sigmoid of the second. Source: ncnn `src/layer/glu.cpp`.

Of an odd extent the last index is left out.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import Arrays, LayerType, Params, Shape, Weights
from maskctl.layers.families.extents import AXIS, axis_of
from maskctl.layers.sigmoid import sigmoid
from maskctl.numeric.late import np

PARAMS = (AXIS,)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape with half the extent along the axis; raises `ExecutionError` for an extent of 1."""
    shape = inputs[0]
    axis = axis_of(params, len(shape))
    if shape[axis] < 2:
        raise ExecutionError(f"the input has shape {shape}. Expected 2 or more along axis {axis}, which is halved.")
    return ((*shape[:axis], shape[axis] // 2, *shape[axis + 1 :]),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The gated half."""
    values = inputs[0]
    axis = 1 + axis_of(params, values.ndim - 1)
    half = shapes(params, (values.shape[1:],))[0][axis - 1]
    moved = np.moveaxis(values, axis, 0)
    with np.errstate(all="ignore"):
        gate = sigmoid(moved[half : 2 * half])
        gate *= moved[:half]
    return (np.moveaxis(gate, 0, axis),)


LAYER = LayerType("GLU", range(1, 2), forward, PARAMS, shapes=shapes)
