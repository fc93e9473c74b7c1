"""Activations built into convolutions and inner products, on fp32 sums, as x86-64 code computes them.

Source: ncnn `src/layer/x86/x86_activation.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import math32_x86
from maskctl.layers.base import Params
from maskctl.layers.families import activation
from maskctl.layers.hardsigmoid import limits
from maskctl.numeric.fma32 import fma
from maskctl.numeric.formats import FloatArray


def activate(params: Params, sums: FloatArray) -> FloatArray:
    """The activation of fp32 sums in vector code, unrounded."""
    number, numbers = activation.kind(params)
    with np.errstate(all="ignore"):
        if number == activation.LEAKY_RELU:
            return math32_x86.leaky_relu(sums, np.float32(numbers[0]))
        if number == activation.CLIP:
            lower, upper = (np.float32(value) for value in numbers)
            return np.minimum(np.fmax(sums, lower), upper)
        if number == activation.SIGMOID:
            return math32_x86.sigmoid(sums)
        if number == activation.MISH:
            return math32_x86.mish(sums)
        if number == activation.HARD_SWISH:
            slope, offset = (np.float32(value) for value in numbers[:2])
            return sums * math32_x86.hard_sigmoid(sums, slope, offset)
        # Behind bf16 sums ReLU makes 0 of NaN, unlike the ReLU layer.
        return np.fmax(sums, np.float32(0)) if number == activation.RELU else activation.apply(params, sums)


def activate_one_by_one(params: Params, sums: FloatArray) -> FloatArray:
    """As `activate`, of sums left over from vectors: hard swish compares them with the x where its gate is 0 and 1."""
    number, numbers = activation.kind(params)
    if number != activation.HARD_SWISH:
        return activate(params, sums)
    slope, offset = (np.float32(value) for value in numbers[:2])
    lower, upper = limits(slope, offset)
    with np.errstate(all="ignore"):
        middle = sums * fma(offset, sums, slope)
    return np.where(sums < lower, np.float32(0), np.where(sums > upper, sums, middle))
