"""Quantize: floats to int8 codes, value times scale rounded to the nearest, halves away from zero, clamped to ±127.

There is one scale, or one per index of the outermost axis; a vector uses the first. NaN, infinite values and products of
2**31 or more have no defined code in ncnn: maskctl gives 0 for NaN and ±127 else, as on arm; x86 gives -127 for all of
them. x86 also makes 1 of 0.49999997. Source: ncnn `src/layer/quantize.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights, floats_in
from maskctl.layers.families import int8
from maskctl.layers.families.outermost import one_or_along, require_one_or_all, weight_size

PARAMS = (Param(0, "scale_data_size", 1, "1, or a scale per index of the outermost axis"),)


def weights(params: Params) -> tuple[Weight, ...]:
    """The scales; raises `GraphError` when there are none."""
    return (Weight("scale", (weight_size(params, "scale_data_size"),), role="int8 scale"),)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    require_one_or_all(params.integer("scale_data_size"), inputs[0], "scales")
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The codes, int8."""
    values = floats_in(inputs[0])
    shapes(params, (values.shape[1:],))
    return (int8.quantise(values, one_or_along(weight["scale"], values)),)


LAYER = LayerType("Quantize", range(1, 2), forward, PARAMS, weights, shapes)
