"""CumulativeSum: each element plus all before it along an axis. Source: ncnn `src/layer/cumulativesum.cpp`."""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Params, Shape, Weights
from maskctl.layers.families.extents import AXIS, axis_of
from maskctl.numeric.late import np

PARAMS = (AXIS,)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    axis_of(params, len(inputs[0]))
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The running sums, one addition after the other in fp32."""
    values = inputs[0]
    with np.errstate(all="ignore"):
        return (np.cumsum(values, 1 + axis_of(params, values.ndim - 1), np.float32),)


LAYER = LayerType("CumulativeSum", range(1, 2), forward, PARAMS, shapes=shapes)
