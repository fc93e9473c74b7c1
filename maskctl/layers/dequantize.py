"""Dequantize: 32-bit integers to floats, value times scale plus bias.

The bottom holds the 32-bit sums of an int8 layer, not int8 codes: what Quantize gives it cannot read. There is one scale
and bias, or one per index of the outermost axis; a vector uses the first. Source: ncnn `src/layer/dequantize.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights, integers_in
from maskctl.layers.families import int8
from maskctl.layers.families.outermost import one_or_along, require_one_or_all

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
    require_one_or_all(params.integer("scale_data_size"), inputs[0], "scales")
    require_one_or_all(params.integer("bias_data_size"), inputs[0], "biases")
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The values, fp32."""
    sums = integers_in(inputs[0])
    shapes(params, (sums.shape[1:],))
    bias = one_or_along(weight["bias"], sums) if params.integer("bias_data_size") else None
    return (int8.dequantise(sums, one_or_along(weight["scale"], sums), bias),)


def integers(_: Params) -> tuple[int, ...]:
    """The bottom is read as integers."""
    return (0,)


LAYER = LayerType("Dequantize", range(1, 2), forward, PARAMS, weights, shapes, integers=integers)
