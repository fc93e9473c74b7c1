"""DeconvolutionDepthWise3D: a deconvolution of a volume (c, d, h, w) in groups of channels.

Source: ncnn `src/layer/deconvolutiondepthwise3d.cpp`. The weight is [num_output][channels / group][kernel_d][kernel_h][kernel_w].
The output is (input - 1) * stride + dilation * (kernel - 1) + 1 + output_pad along each axis, less the pads. Without
pads over 0 `output_w`, `output_h` and `output_d` cut it to size, where a pad is -233 (the larger half off the end) or
-234 (off the beginning).
"""

from __future__ import annotations

from maskctl.layers.families import activation, convolution_params, deconvolving

PARAMS = (
    convolution_params.NUM_OUTPUT,
    *convolution_params.window_params("dhw", "cut off"),
    *deconvolving.output_params("dhw"),
    *convolution_params.BIAS_AND_SIZE,
    convolution_params.GROUP,
    *activation.PARAMS,
)

LAYER = deconvolving.layer_type("DeconvolutionDepthWise3D", PARAMS)
