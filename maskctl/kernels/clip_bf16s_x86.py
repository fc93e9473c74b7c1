"""Clip of bf16 blobs on x86-64: NaN becomes the upper bound, in vectors without AVX512-BF16 the lower one.

Source: ncnn `src/layer/x86/clip_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    lower, upper = (np.float32(params.real(name)) for name in ("min", "max"))

    def to_upper(values: FloatArray) -> FloatArray:
        clipped: FloatArray = np.fmin(np.maximum(values, lower), upper)
        return clipped

    def to_lower(values: FloatArray) -> FloatArray:
        clipped: FloatArray = np.minimum(np.fmax(values, lower), upper)
        return clipped

    vector = to_upper if bf16_x86.FEATURE in options else to_lower
    return (bf16_x86.in_rows(inputs[0], options, vector, to_upper),)
