"""ConvolutionDepthWise1D: a convolution of rows (c, w) in groups of channels.

Source: ncnn `src/layer/convolutiondepthwise1d.cpp`. The weight is [num_output][channels / group][kernel_w].
With `dynamic_weight` the weight is the second bottom, of that shape, and the bias the third.
"""

from __future__ import annotations

from maskctl.layers.families import activation, convolution_params, convolving

PARAMS = (
    convolution_params.NUM_OUTPUT,
    *convolution_params.window_params("w", "added"),
    convolution_params.PAD_VALUE,
    *convolution_params.BIAS_AND_SIZE,
    convolution_params.GROUP,
    *activation.PARAMS,
    convolving.DYNAMIC_WEIGHT,
)

LAYER = convolving.layer_type("ConvolutionDepthWise1D", PARAMS)
