"""HardSwish of bf16 blobs on x86-64: x times a gate between 0 and 1, which keeps the sign of a zero.

Without AVX512-BF16 what is left over from vectors is 0 below the gate, whatever it is.

Source: ncnn `src/layer/x86/hardswish_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    slope, offset = (np.float32(params.real(name)) for name in ("alpha", "beta"))

    def gated(values: FloatArray) -> FloatArray:
        return values * math32_x86.hard_sigmoid(values, slope, offset)

    def scalar(values: FloatArray) -> FloatArray:
        return np.where(values < -offset / slope, np.float32(0), gated(values))

    rest = gated if bf16_x86.FEATURE in options else scalar
    return (bf16_x86.in_rows(inputs[0], options, gated, rest),)
