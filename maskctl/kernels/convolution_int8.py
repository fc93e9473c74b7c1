"""Convolution of int8 codes on arm64: quantised as the blob is stored, exact sums, one fused operation to floats.

Float output is rounded to the storage format before the activation, which is a layer of its own.
Source: ncnn `forward_int8_arm` in `src/layer/arm/convolution_arm.cpp`.
"""

from __future__ import annotations

from maskctl.kernels import int8_steps
from maskctl.kernels.packing import Options
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.layers.families import convolution_int8, int8


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The map (n, num_output, h, w): floats as stored, or int8 codes from term 101 on."""
    return (convolve(params, weights, inputs[0], 1, options),)


def convolve(params: Params, weights: Weights, values: Array, groups: int, options: Options) -> Array:
    """As `forward`, in groups of channels, each a convolution of its own."""
    ready = convolution_int8.prepare(weights)
    codes = int8_steps.codes(values, weights["bottom_scale"], options)
    sums = convolution_int8.sums(params, ready, codes, groups)
    factor, bias = convolution_int8.factor_and_bias(params, ready)
    group = (-1, sums.shape[1] // groups, *sums.shape[2:])
    if convolution_int8.requantises(params):
        alone = int8_steps.alone(sums.reshape(group).shape, options)
        return int8_steps.requantise(params, sums, (factor, weights["top_scale"]), bias, alone)
    kept = int8_steps.store(int8.dequantise(sums, factor, bias), options)
    return int8_steps.activate(params, kept.reshape(group), options).reshape(sums.shape)
