"""Pooling of fp16 blobs with fp32 sums: elements in row-major order, one rounding at the end.

Packed channels (a multiple of 4) multiply by the reciprocal of the count, others divide by it. A maximum of packed
channels is NaN where any element is; of others only where none is a number, and then -infinity.
Source: ncnn `src/layer/arm/pooling_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers import pooling
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import math16
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The pooled map of each sample, to the bit of the engine."""
    values = inputs[0]
    is_global = bool(params.integer("global_pooling"))
    is_max = params.integer("pooling_type") == pooling.MAX
    if is_global:
        seen = values.reshape(*values.shape[:2], -1, 1, 1, 1)
    else:
        seen = pooling.windows_of(params, values, fill=-np.inf) if is_max else pooling.averaged_windows(params, values)
    packed = values.shape[1] % 4 == 0
    if is_max:
        result = _maximum(seen, packed=packed)
    else:
        count = np.full(1, seen.shape[2], np.float32) if is_global else pooling.counts(params, values.shape[1:])
        result = _average(seen, count, packed=packed)
    return (result[:, :, 0, 0] if is_global else result,)


def _maximum(seen: FloatArray, *, packed: bool) -> FloatArray:
    larger = math16.maximum if packed else math16.maximum_number
    out = np.full((*seen.shape[:2], *seen.shape[4:]), -np.inf, np.float32)
    for row in range(seen.shape[2]):
        for column in range(seen.shape[3]):
            out = larger(out, seen[:, :, row, column])
    return out


def _average(seen: FloatArray, count: FloatArray, *, packed: bool) -> FloatArray:
    total = np.zeros((*seen.shape[:2], *seen.shape[4:]), np.float32)
    with np.errstate(all="ignore"):
        for row in range(seen.shape[2]):
            for column in range(seen.shape[3]):
                total += seen[:, :, row, column]
        if packed:
            reciprocal: FloatArray = np.reciprocal(count)
            return round_to(total * reciprocal, "fp16")
        return round_to(np.divide(total, count, dtype=np.float32), "fp16")
