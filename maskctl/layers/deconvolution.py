"""Deconvolution: every pixel of a map (c, h, w) adds its kernel to the output; bias and activation.

Source: ncnn `src/layer/deconvolution.cpp`. The weight is [num_output][channels][kernel_h][kernel_w].
With `dynamic_weight` the weight is the second bottom, but [channels][num_output][kernel_h][kernel_w], and the bias the third.
The output is (input - 1) * stride + dilation * (kernel - 1) + 1 + output_pad along each axis, less the pads. Without
pads over 0 `output_w` and `output_h` cut it to size, where a pad is -233 (the larger half off the end) or -234 (off the beginning).
"""

from __future__ import annotations

from maskctl.layers.families import activation, convolution_params, deconvolving

PARAMS = (
    convolution_params.NUM_OUTPUT,
    *convolution_params.window_params("hw", "cut off"),
    *deconvolving.output_params("hw"),
    *convolution_params.BIAS_AND_SIZE,
    *activation.PARAMS,
    deconvolving.DYNAMIC_WEIGHT,
)

LAYER = deconvolving.layer_type("Deconvolution", PARAMS)
