"""Activations built into convolutions and inner products, on fp32 sums, as x86-64 vector code computes them.

Source: ncnn `src/layer/x86/x86_activation.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import math32_x86
from maskctl.layers.base import Params
from maskctl.layers.families import activation
from maskctl.numeric.formats import FloatArray


def activate(params: Params, sums: FloatArray) -> FloatArray:
    """The activation of fp32 sums, unrounded."""
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
            slope, offset = (np.float32(value) for value in numbers)
            return sums * math32_x86.hard_sigmoid(sums, slope, offset)
        # Behind bf16 sums ReLU makes 0 of NaN, unlike the ReLU layer.
        return np.fmax(sums, np.float32(0)) if number == activation.RELU else activation.apply(params, sums)
