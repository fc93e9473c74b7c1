"""Requantize on arm64: where the outermost axis is packed by fours, the first of every four scales and biases serves all.

Source: ncnn `src/layer/arm/requantize_arm.cpp`, which reads vectors of scales for a packing of 8 only.
"""

from __future__ import annotations

import math

import numpy as np

from maskctl.kernels import int8_steps
from maskctl.kernels.packing import Options
from maskctl.layers import requantize
from maskctl.layers.base import Array, Arrays, Params, Weights, integers_in
from maskctl.layers.families.outermost import one_or_along
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The codes, int8."""
    sums = integers_in(inputs[0])
    requantize.shapes(params, (sums.shape[1:],))
    packed = sums.shape[1] % 4 == 0 and "use_packing_layout" in options
    numbers = {
        name: one_or_along(_first_of_four(values) if packed and len(values) > 1 else values, sums)
        for name, values in weights.items()
    }
    scales = numbers["scale_in"], numbers["scale_out"]
    return (int8_steps.requantise(params, sums, scales, numbers.get("bias"), None if packed else _alone(sums)),)


def _first_of_four(values: FloatArray) -> FloatArray:
    return values[np.arange(len(values)) // 4 * 4]


def _alone(sums: Array) -> Array:
    """The elements of each index that are left over from vectors of four; a vector is one index."""
    extents = sums.shape[1:] if sums.ndim == 2 else sums.shape[2:]
    size = math.prod(extents)
    return (np.arange(size) >= size // 4 * 4).reshape(extents)
