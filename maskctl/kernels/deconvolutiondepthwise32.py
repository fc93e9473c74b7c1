"""Depthwise deconvolution of 16-bit blobs with fp32 sums: one accumulator per output.

Source: ncnn `src/layer/arm/deconvolutiondepthwise_arm.cpp`, `deconvolutiondepthwise_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.deconvolution_places import channel_by_channel
from maskctl.layers.base import Params, Weights
from maskctl.numeric.formats import FloatArray


def summed(params: Params, weight: FloatArray, weights: Weights, values: FloatArray) -> FloatArray:
    """The whole output in fp32 without its activation, by a weight as the kernel keeps it."""
    bias = weights["bias"] if params.integer("bias_term") else np.zeros(len(weight), np.float32)
    return channel_by_channel(params, weight, bias, values, multiply_add)


def multiply_add(total: FloatArray, weight: FloatArray, values: FloatArray) -> FloatArray:
    """total + weight * values in fp32, where the product of two 16-bit values is exact."""
    with np.errstate(all="ignore"):
        return np.asarray(total + weight * values)
