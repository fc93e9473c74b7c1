"""Sigmoid of bf16 blobs on x86-64: its exp takes NaN for its upper end, so that NaN gives 0.

Without AVX512-BF16 the C library computes what is left over from vectors, and lets NaN pass.

Source: ncnn `src/layer/x86/sigmoid_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray


def forward(_: Params, __: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    rest = math32_x86.sigmoid if bf16_x86.FEATURE in options else _scalar
    return (bf16_x86.in_rows(inputs[0], options, math32_x86.sigmoid, rest),)


def _scalar(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), values, math32_x86.sigmoid(values))
