"""ConvolutionDepthWise3D: a convolution of a volume (c, d, h, w) in groups of channels.

Source: ncnn `src/layer/convolutiondepthwise3d.cpp`. The weight is [num_output][channels / group][kernel_d][kernel_h][kernel_w].
A depth padded with SAME_LOWER (-234) has its odd plane behind, unlike rows and columns.
"""

from __future__ import annotations

from maskctl.layers.families import activation, convolution_params, convolving

PARAMS = (
    convolution_params.NUM_OUTPUT,
    *convolution_params.window_params("dhw", "added"),
    convolution_params.PAD_VALUE,
    *convolution_params.BIAS_AND_SIZE,
    convolution_params.GROUP,
    *activation.PARAMS,
)

LAYER = convolving.layer_type("ConvolutionDepthWise3D", PARAMS)
