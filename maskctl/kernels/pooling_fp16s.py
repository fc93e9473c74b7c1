"""Pooling of fp16 blobs with fp32 sums: elements in row-major order, one rounding at the end.

Packed channels multiply by the reciprocal of the count, others divide by it. A maximum of packed
channels is NaN where any element is; of others only where none is a number, and then -infinity.
Source: ncnn `src/layer/arm/pooling_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import pooling_windows
from maskctl.numeric import math16
from maskctl.numeric.formats import FloatArray, Operand, round_to

Larger: TypeAlias = Callable[[Operand, Operand], FloatArray]


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The pooled map of each sample, to the bit of the engine."""
    values = inputs[0]
    packed = elempack(values.shape[1], options) > 1
    with np.errstate(all="ignore"):
        if params.integer("pooling_type") == pooling_windows.MAX:
            larger = math16.maximum if packed else math16.maximum_number
            if params.integer("global_pooling"):
                return (maximum_of_map(values, larger),)
            return (maximum_of_windows(pooling_windows.windows_of(params, values, fill=-np.inf), larger),)
        if params.integer("global_pooling"):
            total, count = pooling_windows.sum_of_map(values), np.float32(values[0, 0].size)
            return (_divided(total, count, packed=packed),)
        total = sum_of_windows(pooling_windows.averaged_windows(params, values))
        return (_divided(total, pooling_windows.counts(params, values.shape[1:]), packed=packed),)


def maximum_of_windows(seen: FloatArray, larger: Larger) -> FloatArray:
    """The maxima (n, c, h, w) of windows (n, c, kernel_h, kernel_w, h, w)."""
    out: FloatArray = np.full((*seen.shape[:2], *seen.shape[4:]), -np.inf, np.float32)
    for row, column in np.ndindex(*seen.shape[2:4]):
        out = larger(out, seen[:, :, row, column])
    return out


def maximum_of_map(values: FloatArray, larger: Larger) -> FloatArray:
    """The maximum of each channel, found by halves: whichever way it goes, a maximum is the same."""
    pixels = values.reshape(*values.shape[:2], -1)
    while pixels.shape[2] > 1:
        half = (pixels.shape[2] + 1) // 2
        pixels = larger(pixels[:, :, :half], pixels[:, :, -half:])
    return larger(pixels[:, :, 0], np.float32(-np.inf))


def sum_of_windows(seen: FloatArray) -> FloatArray:
    """The sums (n, c, h, w) of windows (n, c, kernel_h, kernel_w, h, w), element by element in the order of the map."""
    total = np.zeros((*seen.shape[:2], *seen.shape[4:]), np.float32)
    for row, column in np.ndindex(*seen.shape[2:4]):
        total += seen[:, :, row, column]
    return total


def _divided(total: FloatArray, count: FloatArray | np.float32, *, packed: bool) -> FloatArray:
    return round_to(total * (np.float32(1) / count) if packed else total / count, "fp16")
