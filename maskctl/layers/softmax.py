"""Softmax: exp of the values less their maximum, over its sum, along an axis.

Source: ncnn `src/layer/softmax.cpp`. An axis the blob does not have leaves it as it is in the engine; here it is refused.
"""

from __future__ import annotations

import numpy as np

from maskctl.errors import GraphError
from maskctl.layers import axis as axes
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights

PARAMS = (
    Param(0, "axis", 0, "axis in (c, d, h, w) order, negative from the end; rank 1 has one anyway"),
    Param(1, "fixbug0", 0, "must be 1 where axis is not 0"),
)
_LEAST = -np.finfo(np.float32).max


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
    return axes.axis_of(params, rank)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    axis_of(params, len(inputs[0]))
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Softmax in fp32; infinity or NaN makes its row NaN, and so does a row of nothing but -infinity."""
    values = inputs[0]
    axis = 1 + axis_of(params, values.ndim - 1)
    with np.errstate(all="ignore"):
        out = values - np.maximum(values.max(axis, keepdims=True), _LEAST)
        np.exp(out, out=out)
        out /= out.sum(axis, keepdims=True, dtype=np.float32)
    return (out,)


LAYER = LayerType("Softmax", range(1, 2), forward, PARAMS, weights, shapes)
