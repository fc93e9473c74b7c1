"""Pooling in fp16: averages over windows are a running fp16 sum in row-major order, then one multiplication or division.

Packed channels, and windows that count their border, multiply by the rounded reciprocal of the count;
others divide by it. Maxima and global averages are those of `pooling_fp16s`.
Source: ncnn `src/layer/arm/pooling_arm_asimdhp.cpp` and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import pooling_fp16s
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import pooling_windows
from maskctl.numeric import fma16
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The pooled map of each sample, to the bit of the engine."""
    if params.integer("pooling_type") == pooling_windows.MAX or params.integer("global_pooling"):
        return pooling_fp16s.forward(params, weights, inputs, options)
    values = inputs[0]
    seen = pooling_windows.averaged_windows(params, values)
    total: FloatArray = np.zeros((*seen.shape[:2], *seen.shape[4:]), np.float32)
    for row in range(seen.shape[2]):
        for column in range(seen.shape[3]):
            total = fma16.add(total, seen[:, :, row, column])
    counts: FloatArray = pooling_windows.counts(params, values.shape[1:])
    with np.errstate(all="ignore"):
        if elempack(values.shape[1], options) > 1 or params.integer("avgpool_count_include_pad"):
            reciprocal: FloatArray = np.reciprocal(counts)
            return (fma16.multiply(total, round_to(reciprocal, "fp16")),)
        return (round_to(total / counts, "fp16"),)
