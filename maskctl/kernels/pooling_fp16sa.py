"""Average pooling over windows in fp16: a running sum in row-major order, then one multiplication or division.

Packed channels (a multiple of 4), and windows that count their border, multiply by the rounded reciprocal of the
count; others divide by it. Source: ncnn `src/layer/arm/pooling_arm_asimdhp.cpp` and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers import pooling
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma16
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The averages of each sample, to the bit of the engine."""
    values = inputs[0]
    seen = pooling.windows_of(params, values, fill=0.0)
    total: FloatArray = np.zeros((*seen.shape[:2], *seen.shape[4:]), np.float32)
    for row in range(seen.shape[2]):
        for column in range(seen.shape[3]):
            total = fma16.add(total, seen[:, :, row, column])
    counts: FloatArray = pooling.counts(params, values.shape[1:])
    with np.errstate(all="ignore"):
        if values.shape[1] % 4 == 0 or params.integer("avgpool_count_include_pad"):
            reciprocal: FloatArray = np.reciprocal(counts)
            return (fma16.multiply(total, round_to(reciprocal, "fp16")),)
        return (round_to(total / counts, "fp16"),)
