"""BatchNorm in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/batchnorm_arm.cpp`, `batchnorm_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import BF16S, by_outermost, mode_of
from maskctl.kernels.packing import Options
from maskctl.layers import batchnorm
from maskctl.layers.base import Arrays, Params, Weights, floats_in
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.lanes import SINGLE


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """offset + values * factor, fused but in vectors of bf16; scalar code sums in fp32, with the numbers the vectors have."""
    mode, values = mode_of(options), floats_in(inputs[0])
    batchnorm.shapes(params, (values.shape[1:],))
    factor, offset = (mode.lanes.rounded(each)[: values.shape[1], None] for each in _folded(params, weights))

    def vector(rows: FloatArray) -> FloatArray:
        return offset + rows * factor if mode is BF16S else mode.lanes.fma(offset, rows, factor)

    return (by_outermost(values, options, mode, vector, lambda rows: SINGLE.fma(offset, rows, factor)),)


def _folded(params: Params, weights: Weights) -> tuple[FloatArray, FloatArray]:
    """Factor and offset as the compiler has them folded: by one reciprocal of the deviation, the offset fused."""
    with np.errstate(all="ignore"):
        deviation: FloatArray = np.sqrt(weights["var"] + np.float32(params.real("eps")))
        deviation[deviation == 0] = np.float32(batchnorm.LEAST_DEVIATION)
        reciprocal: FloatArray = np.reciprocal(deviation)
        offset = SINGLE.fma(weights["bias"], -weights["slope"] * weights["mean"], reciprocal)
        return weights["slope"] * reciprocal, offset
