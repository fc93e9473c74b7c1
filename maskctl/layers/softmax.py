"""Softmax: exp of the values less their maximum, over its sum, along an axis. Source: ncnn `src/layer/softmax.cpp`."""

from __future__ import annotations

import numpy as np

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights

PARAMS = (
    Param(0, "axis", 0, "axis in (c, d, h, w) order, negative from the end; rank 1 has one anyway"),
    Param(1, "fixbug0", 0, "must be 1 where axis is not 0"),
)


def axis_of(params: Params, rank: int) -> int:
    """The axis, counted from 0; raises `GraphError` for files the engine calls too old."""
    axis = params.integer("axis")
    if axis != 0 and not params.integer("fixbug0"):
        raise GraphError(
            f"axis is {axis} and fixbug0 (1=) is not 1. The engine refuses such a file as too old: convert it again."
        )
    if rank == 1:
        return 0
    axis = axis + rank if axis < 0 else axis
    if not 0 <= axis < rank:
        raise ExecutionError(f"axis {params.integer('axis')} does not exist in a blob of rank {rank}.")
    return axis


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    axis_of(params, len(inputs[0]))
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Softmax in fp32; one infinite input makes its row NaN."""
    values = inputs[0]
    axis = 1 + axis_of(params, values.ndim - 1)
    with np.errstate(all="ignore"):
        grown = np.exp(values - np.maximum(values.max(axis, keepdims=True), -np.finfo(np.float32).max))
        return (grown / grown.sum(axis, keepdims=True, dtype=np.float32),)


LAYER = LayerType("Softmax", range(1, 2), forward, PARAMS, shapes=shapes)
