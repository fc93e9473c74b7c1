"""Convolution1D: cross-correlation of rows (c, w) with `num_output` kernels, bias and activation.

Source: ncnn `src/layer/convolution1d.cpp`. The weight is [num_output][channels][kernel_w].
With `dynamic_weight` the weight is the second bottom, of that shape, and the bias the third.
"""

from __future__ import annotations

from maskctl.layers.families import activation, convolution_params, convolving

PARAMS = (
    convolution_params.NUM_OUTPUT,
    *convolution_params.window_params("w", "added"),
    convolution_params.PAD_VALUE,
    *convolution_params.BIAS_AND_SIZE,
    *activation.PARAMS,
    convolving.DYNAMIC_WEIGHT,
)

LAYER = convolving.layer_type("Convolution1D", PARAMS)
