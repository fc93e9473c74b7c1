"""ReLU of bf16 blobs on x86-64: without AVX512-BF16, NaN and -0 become +0.

Source: ncnn `src/layer/x86/relu_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86
from maskctl.kernels.packing import Options
from maskctl.layers import relu
from maskctl.layers.base import Arrays, Params, Weights


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    if params.real("slope") or bf16_x86.FEATURE in options:
        return (bf16_x86.kept_in_rows(relu.LAYER.forward(params, weights, inputs)[0], options),)
    return (np.where(inputs[0] > 0, inputs[0], np.float32(0)),)
