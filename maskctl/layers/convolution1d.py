"""Convolution1D: cross-correlation of rows (c, w) with `num_output` kernels, bias and activation.

Source: ncnn `src/layer/convolution1d.cpp`. The weight is [num_output][channels][kernel_w].
With `dynamic_weight` the weight is the second bottom, of that shape, and the bias the third.
"""

from __future__ import annotations

from maskctl.layers import activation, convolving, kernels
from maskctl.layers.base import LayerType, Param

PARAMS = (
    *kernels.window_params("w", "added"),
    Param(18, "pad_value", 0.0, "what the border holds"),
    *kernels.BIAS_AND_SIZE,
    *activation.PARAMS,
    Param(19, "dynamic_weight", 0, "1: weight and bias come as blobs"),
)

LAYER = LayerType(
    "Convolution1D",
    range(1, 4),
    convolving.forward,
    PARAMS,
    kernels.weights,
    convolving.shapes,
    convolving.macs,
    prepare=convolving.prepare,
)
