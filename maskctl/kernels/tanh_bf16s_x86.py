"""TanH of bf16 blobs on x86-64: 2 * sigmoid(2x) - 1 in vectors, the C library's tanh over what is left.

Source: ncnn `src/layer/x86/tanh_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights


def forward(_: Params, __: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    return (bf16_x86.in_rows(inputs[0], options, math32_x86.tanh, np.tanh),)
