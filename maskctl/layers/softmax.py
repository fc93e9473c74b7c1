"""Softmax: exp of the values less their maximum, over its sum, along an axis.

Source: ncnn `src/layer/softmax.cpp`. An axis the blob does not have leaves it as it is in the engine; here it is refused.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families import extents
from maskctl.numeric.formats import FP32, FloatArray
from maskctl.numeric.late import np

PARAMS = (
    extents.AXIS,
    Param(1, "fixbug0", 0, "must be 1 where axis is not 0"),
)


def weights(params: Params) -> tuple[Weight, ...]:
    """None; raises `GraphError` for files the engine calls too old."""
    if params.integer("axis") != 0 and not params.integer("fixbug0"):
        raise GraphError(
            f"axis is {params.integer('axis')} and fixbug0 (1=) is not 1. "
            "The engine refuses such a file as too old: convert it again."
        )
    return ()


def axis_of(params: Params, rank: int) -> int:
    """The axis, counted from 0."""
    weights(params)
    return extents.axis_of(params, rank)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    axis_of(params, len(inputs[0]))
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Softmax in fp32; infinity or NaN makes its row NaN, and so does a row of nothing but -infinity."""
    values = inputs[0]
    axis = 1 + axis_of(params, values.ndim - 1)
    with np.errstate(all="ignore"):
        return (probabilities(values, axis),)


def probabilities(values: FloatArray, axis: int, out: FloatArray | None = None) -> FloatArray:
    """Softmax along an axis of the array, in a fresh one or in `out`, which may be `values`."""
    largest = np.maximum(values.max(axis, keepdims=True), np.float32(-FP32.largest))
    found: FloatArray = np.subtract(values, largest, out=out)
    np.exp(found, out=found)
    found /= found.sum(axis, keepdims=True, dtype=np.float32)
    return found


LAYER = LayerType("Softmax", range(1, 2), forward, PARAMS, weights, shapes)
