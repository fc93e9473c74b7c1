"""Quantize: floats to int8 codes, value times scale rounded to the nearest, halves away from zero, clamped to ±127.

There is one scale, or one per index of the outermost axis; a vector uses the first. NaN, infinite values and products of
2**31 or more have no defined code in ncnn: maskctl gives 0 for NaN and ±127 else, as on arm; x86 gives -127 for all of
them. x86 also makes 1 of 0.49999997. Source: ncnn `src/layer/quantize.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers import int8
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights

PARAMS = (Param(0, "scale_data_size", 1, "1, or a scale per index of the outermost axis"),)


def weights(params: Params) -> tuple[Weight, ...]:
    """The scales; raises `GraphError` when there are none."""
    size = params.integer("scale_data_size")
    if size < 1:
        raise GraphError(f"scale_data_size is {size}. Expected 1 or more.")
    return (Weight("scale", (size,), role="int8 scale"),)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    int8.require_one_each(params.integer("scale_data_size"), inputs[0], "scales")
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The codes, int8."""
    values = int8.floats_in(inputs[0])
    shape = shapes(params, (values.shape[1:],))[0]
    return (int8.quantise(values, int8.along_outermost(weight["scale"], shape)),)


LAYER = LayerType("Quantize", range(1, 2), forward, PARAMS, weights, shapes)
