"""Deconvolution: every pixel of a map (c, h, w) adds its kernel to the output; bias and activation.

Source: ncnn `src/layer/deconvolution.cpp`. The weight is [num_output][channels][kernel_h][kernel_w].
With `dynamic_weight` the weight is the second bottom, but [channels][num_output][kernel_h][kernel_w], and the bias the third.
The output is (input - 1) * stride + dilation * (kernel - 1) + 1 + output_pad along each axis, less the pads. Without
pads over 0 `output_w` and `output_h` cut it to size, where a pad is -233 (the larger half off the end) or -234 (off the beginning).
"""

from __future__ import annotations

from maskctl.layers import activation, deconvolving, kernels
from maskctl.layers.base import LayerType, Param

PARAMS = (
    *kernels.window_params("hw", "cut off"),
    *deconvolving.output_params("hw"),
    *kernels.BIAS_AND_SIZE,
    *activation.PARAMS,
    Param(28, "dynamic_weight", 0, "1: weight and bias come as blobs"),
)

LAYER = LayerType(
    "Deconvolution",
    range(1, 4),
    deconvolving.forward,
    PARAMS,
    kernels.weights,
    deconvolving.shapes,
    deconvolving.macs,
    prepare=deconvolving.prepare,
)
