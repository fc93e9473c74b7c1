"""TanH of bf16 blobs on x86-64: 2 * sigmoid(2x) - 1, which has few digits near 0 and makes -1 of NaN.

Without AVX512-BF16 the C library's tanh computes what is left over from vectors.

Source: ncnn `src/layer/x86/tanh_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights


def forward(_: Params, __: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    rest = math32_x86.tanh if bf16_x86.FEATURE in options else np.tanh
    return (bf16_x86.in_rows(inputs[0], options, math32_x86.tanh, rest),)
