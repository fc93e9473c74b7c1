"""HardSwish of bf16 blobs on x86-64: x times a gate between 0 and 1, which keeps the sign of a zero.

Without AVX512-BF16 what is left over from vectors of four is compared with the x where the gate is 0 and 1; with it nothing is
left over.

Source: ncnn `src/layer/x86/hardswish_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.hardsigmoid import limits, numbers
from maskctl.numeric.fma32 import fma
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    slope, offset = numbers(params)
    lower, upper = limits(slope, offset)

    def gated(values: FloatArray) -> FloatArray:
        return values * math32_x86.hard_sigmoid(values, slope, offset)

    def scalar(values: FloatArray) -> FloatArray:
        middle = values * fma(offset, values, slope)
        return np.where(values < lower, np.float32(0), np.where(values > upper, values, middle))

    if bf16_x86.FEATURE in options:
        with np.errstate(all="ignore"):
            return (bf16_x86.vectors(gated(inputs[0]), options),)
    return (bf16_x86.in_rows(inputs[0], options, gated, scalar),)
