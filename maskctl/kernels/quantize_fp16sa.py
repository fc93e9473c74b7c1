"""Quantize in fp16 arithmetic: the scale is an fp16 number, and so is its product with the value.

Source: ncnn `src/layer/arm/quantize_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from maskctl.kernels import int8_steps
from maskctl.kernels.packing import Options
from maskctl.layers import quantize
from maskctl.layers.base import Arrays, Params, Weights, floats_in
from maskctl.layers.families.outermost import one_or_along


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The codes, int8."""
    values = floats_in(inputs[0])
    quantize.shapes(params, (values.shape[1:],))
    return (int8_steps.codes(values, one_or_along(weights["scale"], values), options),)
