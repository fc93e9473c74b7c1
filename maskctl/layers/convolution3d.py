"""Convolution3D: cross-correlation of a volume (c, d, h, w) with `num_output` kernels, bias and activation.

Source: ncnn `src/layer/convolution3d.cpp`. The weight is [num_output][channels][kernel_d][kernel_h][kernel_w].
A depth padded with SAME_LOWER (-234) has its odd plane behind, unlike rows and columns.
"""

from __future__ import annotations

from maskctl.layers import activation, convolving, kernels
from maskctl.layers.base import LayerType, Param

PARAMS = (
    *kernels.window_params("dhw", "added"),
    Param(18, "pad_value", 0.0, "what the border holds"),
    *kernels.BIAS_AND_SIZE,
    *activation.PARAMS,
)

LAYER = LayerType(
    "Convolution3D",
    range(1, 2),
    convolving.forward,
    PARAMS,
    kernels.weights,
    convolving.shapes,
    convolving.macs,
    prepare=convolving.prepare,
)
