"""Unfold: what a sliding window sees of a map (c, h, w), one position per column (im2col).

Row (channel * kernel_h + y) * kernel_w + x holds what element (y, x) of the window is at each position.

Source: ncnn `src/layer/unfold.cpp`.
"""

from __future__ import annotations

import math

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Params, Shape, Weights
from maskctl.layers.families.convolution_params import PAD_VALUE, window_params
from maskctl.layers.families.extents import require_extents
from maskctl.layers.families.windows import Window, convolution_border, convolution_window, patches, require_map
from maskctl.numeric.late import np

PARAMS = (*window_params("hw", "added"), PAD_VALUE)


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
    grown = require_extents((shape[0], *convolution_border(params, window, shape).grown(shape)))[1:]
    outputs = window.outputs(*grown)
    return (require_extents((shape[0] * math.prod(window.kernel), math.prod(outputs))),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The columns."""
    values, window = inputs[0], window_of(params)
    top = shapes(params, (values.shape[1:],))[0]
    border = convolution_border(params, window, values.shape[1:])
    seen = patches(border.around(values, params.real("pad_value")), window)
    return (np.ascontiguousarray(seen.reshape(len(values), *top)),)


LAYER = LayerType("Unfold", range(1, 2), forward, PARAMS, shapes=shapes)
