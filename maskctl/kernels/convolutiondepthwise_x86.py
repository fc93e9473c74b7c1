"""Depthwise convolution of fp32 blobs on x86-64 whose channels lie side by side: fused multiply-adds from the bias on.

Source: ncnn `src/layer/x86/convolutiondepthwise_3x3_pack16.h` and its like; other kernel sizes go the same way.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation_x86 import activate
from maskctl.kernels.packing import Options
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import activation
from maskctl.layers.families.windows import patches


def forward(params: Params, weights: Weights, inputs: Arrays, _options: Options) -> Arrays:
    """The output map of each sample in fp32, to the bit but for what the engine's activation approximates."""
    padded, window = convolution.placed(params, inputs[0])
    seen = patches(padded, window)
    channels, kernel_h, kernel_w = seen.shape[1:4]
    taps = weights["weight"].reshape(channels, kernel_h, kernel_w, 1, 1).astype(np.float64)
    shape = (len(seen), channels, *seen.shape[4:])
    bias = weights["bias"] if params.integer("bias_term") else np.zeros(channels, np.float32)
    total = np.broadcast_to(bias[:, None, None], shape).astype(np.float32)
    with np.errstate(all="ignore"):
        for row, column in np.ndindex(kernel_h, kernel_w):
            total = (taps[:, row, column] * seen[:, :, row, column] + total).astype(np.float32)
        if params.integer("activation_type") == activation.RELU:
            return (np.maximum(total, np.float32(0)),)  # NaN passes
        return (activate(params, total),)
