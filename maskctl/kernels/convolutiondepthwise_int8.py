"""ConvolutionDepthWise of int8 codes on arm64.

Groups of several channels are convolutions of their own, and so are most 3x3 kernels. Other kernels add the bias in an
operation of its own, divide by the scales where channels are not packed, and give fp32 whatever the storage.
Source: ncnn `forward_int8_arm` in `src/layer/arm/convolutiondepthwise_arm.cpp`, and `convolutiondepthwise_3x3_int8.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import int8_steps
from maskctl.kernels.activation32 import activate, activate_one_by_one
from maskctl.kernels.convolution_int8 import convolve
from maskctl.kernels.packing import Options
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.layers.families import activation, convolution_int8, int8
from maskctl.layers.families.int8 import Codes, Sums
from maskctl.numeric.formats import FloatArray

_VECTOR = 8
"""Pixels of a row that the 3x3 kernels of single channels compute at once."""


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The map (n, num_output, h, w): floats, or int8 codes from term 101 on."""
    channels, groups, outputs = inputs[0].shape[1], params.integer("group"), params.integer("num_output")
    packed = channels % 8 == 0 and "use_packing_layout" in options
    is_3x3 = _has_3x3_code(params)
    requantised = convolution_int8.requantises(params)
    if not channels == groups == outputs or (is_3x3 and (packed or not requantised)):
        return (convolve(params, weights, inputs[0], groups, options),)
    ready = convolution_int8.prepare(weights)
    codes = int8_steps.codes(inputs[0], weights["bottom_scale"], options)
    sums = convolution_int8.sums(params, ready, codes, groups)
    if is_3x3:
        return (_requantised_3x3(params, ready, sums),)
    values = _floats(params, ready, sums, packed=packed)
    values = activate(params, values) if packed else activate_one_by_one(params, values)
    return (int8.quantise(values, weights["top_scale"]) if requantised else values,)


def _has_3x3_code(params: Params) -> bool:
    """True for a 3x3 kernel without dilation, strides 1 or 2, and no activation but ReLU."""
    extents = {params.integer(f"kernel_{axis}") for axis in "wh"}, {params.integer(f"dilation_{axis}") for axis in "wh"}
    strides = {params.integer(f"stride_{axis}") for axis in "wh"}
    plain = activation.kind(params)[0] in {activation.NONE, activation.RELU}
    return plain and extents == ({3}, {1}) and strides in ({1}, {2})


def _floats(params: Params, weights: Weights, sums: Sums, *, packed: bool) -> FloatArray:
    """Sums times the factor, or divided by the scales, and then plus bias."""
    factor, bias = convolution_int8.factor_and_bias(params, weights)
    with np.errstate(all="ignore"):
        if packed:
            values = int8.dequantise(sums, factor)
        else:
            scales = convolution_int8.per_output(weights, sums.shape[1])[:, None, None]
            quotient = sums.astype(np.float32) / (weights["bottom_scale"] * scales)
            values = np.where(scales == 0, np.float32(0), quotient)
        return values if bias is None else values + bias


def _requantised_3x3(params: Params, weights: Weights, sums: Sums) -> Codes:
    """Codes, -128 included: times the factor, plus bias, times the scale; only behind full vectors of a row fused."""
    factor, bias = convolution_int8.factor_and_bias(params, weights)
    top = weights["top_scale"]
    bias = np.zeros_like(factor) if bias is None else bias
    with np.errstate(all="ignore"):
        vectors = int8_steps.saturated((int8.dequantise(sums, factor) + bias) * top)
        rest = int8.quantise(int8.dequantise(sums, factor, bias), top)
    width = sums.shape[-1]
    codes: Array = np.where(np.arange(width) < width // _VECTOR * _VECTOR, vectors, rest)
    return np.maximum(codes, np.int8(0)) if params.integer("activation_type") == activation.RELU else codes
