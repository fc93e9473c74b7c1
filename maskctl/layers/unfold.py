"""Unfold: what a sliding window sees of a map (c, h, w), one position per column (im2col).

Row (channel * kernel_h + y) * kernel_w + x holds what element (y, x) of the window is at each position.

Source: ncnn `src/layer/unfold.cpp`.
"""

from __future__ import annotations

import math

import numpy as np

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.sampling import bounded
from maskctl.layers.windows import Window, convolution_border, convolution_window, patches, require_map

PARAMS = (
    Param(1, "kernel_w", 0, "window width"),
    Param(11, "kernel_h", 0, "window height", same_as="kernel_w"),
    Param(2, "dilation_w", 1, "horizontal dilation"),
    Param(12, "dilation_h", 1, "vertical dilation", same_as="dilation_w"),
    Param(3, "stride_w", 1, "horizontal stride"),
    Param(13, "stride_h", 1, "vertical stride", same_as="stride_w"),
    Param(4, "pad_left", 0, "columns added on the left; -233 SAME_UPPER, -234 SAME_LOWER"),
    Param(15, "pad_right", 0, "columns added on the right", same_as="pad_left"),
    Param(14, "pad_top", 0, "rows added on top", same_as="pad_left"),
    Param(16, "pad_bottom", 0, "rows added at the bottom", same_as="pad_top"),
    Param(18, "pad_value", 0.0, "what the border holds"),
)


def window_of(params: Params) -> Window:
    """The window; raises `GraphError` for sizes below 1."""
    window = convolution_window(params)
    if min(*window.kernel, *window.stride, *window.dilation) < 1:
        raise GraphError(
            f"the window is {window.kernel} with stride {window.stride} and dilation {window.dilation} (in hw order). "
            "Expected 1 or more."
        )
    return window


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c * kernel_h * kernel_w, positions)."""
    shape, window = require_map(inputs), window_of(params)
    grown = bounded((shape[0], *convolution_border(params, window, shape).grown(shape)))[1:]
    outputs = window.outputs(*grown)
    return (bounded((shape[0] * math.prod(window.kernel), math.prod(outputs))),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The columns."""
    values, window = inputs[0], window_of(params)
    top = shapes(params, (values.shape[1:],))[0]
    border = convolution_border(params, window, values.shape[1:])
    seen = patches(border.around(values, params.real("pad_value")), window)
    return (np.ascontiguousarray(seen.reshape(len(values), *top)),)


LAYER = LayerType("Unfold", range(1, 2), forward, PARAMS, shapes=shapes)
