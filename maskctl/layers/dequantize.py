"""Dequantize: 32-bit integers to floats, value times scale plus bias.

The bottom holds the 32-bit sums of an int8 layer, not int8 codes: what Quantize gives it cannot read. There is one scale
and bias, or one per index of the outermost axis; a vector uses the first. Source: ncnn `src/layer/dequantize.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers import int8
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weight, Weights, integers_in

PARAMS = (
    Param(0, "scale_data_size", 1, "1, or a scale per index of the outermost axis"),
    Param(1, "bias_data_size", 0, "0, 1, or a bias per index of the outermost axis"),
)


def weights(params: Params) -> tuple[Weight, ...]:
    """The scales and biases; raises `GraphError` when there is no scale."""
    size, biases = params.integer("scale_data_size"), params.integer("bias_data_size")
    if size < 1 or biases < 0:
        raise GraphError(f"scale_data_size is {size}, bias_data_size {biases}. Expected 1 or more, and 0 or more.")
    found = (Weight("scale", (size,), role="factor"),)
    return (*found, Weight("bias", (biases,), role="bias")) if biases else found


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    int8.require_one_each(params.integer("scale_data_size"), inputs[0], "scales")
    int8.require_one_each(params.integer("bias_data_size"), inputs[0], "biases")
    return inputs[:1]


def sums_in(values: Array) -> Array:
    """The 32-bit integers of a blob; raises `ExecutionError` for int8 codes."""
    if values.dtype == "int8":
        raise ExecutionError("the input holds int8 codes. Expected the 32-bit integers of an int8 layer's sums.")
    return integers_in(values)


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The values, fp32."""
    sums = sums_in(inputs[0])
    shape = shapes(params, (sums.shape[1:],))[0]
    bias = int8.along_outermost(weight["bias"], shape) if params.integer("bias_data_size") else None
    return (int8.dequantise(sums, int8.along_outermost(weight["scale"], shape), bias),)


def integers(_: Params) -> tuple[int, ...]:
    """The bottom is read as integers."""
    return (0,)


LAYER = LayerType("Dequantize", range(1, 2), forward, PARAMS, weights, shapes, integers=integers)
