"""Fold: the sum of what sliding windows hold, each put where it was seen, into a map (col2im).

The opposite of Unfold: rows are (channel * kernel_h + y) * kernel_w + x, columns are positions of the window in a map
of `output_w` x `output_h` with its pads, which are cut off in the end. Pixels that no window reaches are 0.

Source: ncnn `src/layer/fold.cpp`.
"""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers import unfold
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.convolution_params import window_params
from maskctl.layers.families.extents import require_extents
from maskctl.layers.families.windows import Border, pads_of
from maskctl.numeric.late import np

PARAMS = (
    *window_params("hw", "cut off", same=False),
    Param(20, "output_w", 0, "output width"),
    Param(21, "output_h", 0, "output height", same_as="output_w"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c, output_h, output_w)."""
    shape, window = inputs[0], unfold.window_of(params)
    size = (params.integer("output_h"), params.integer("output_w"))
    border = _border(params)
    require_extents((1, *border.grown((1, *size))))
    elements, positions = math.prod(window.kernel), math.prod(window.outputs(*border.grown((1, *size))))
    if len(shape) != 2 or shape[0] % elements or shape[1] != positions:
        raise ExecutionError(
            f"the input has shape {shape}. Expected (a multiple of {elements}, {positions}): the elements of the window "
            f"and its positions in a map of {size[1]}x{size[0]}."
        )
    return (require_extents((shape[0] // elements, *size)),)


def _border(params: Params) -> Border:
    pairs = pads_of(params)
    if min(pad for pair in pairs for pad in pair) < 0:
        raise GraphError(f"the pads (4=, 15=, 14=, 16=) are {pairs}. Expected 0 or more.")
    return Border.of(pairs)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The map, added up element of the window by element, in fp32."""
    values, window, border = inputs[0], unfold.window_of(params), _border(params)
    top = shapes(params, (values.shape[1:],))[0]
    grown = border.grown(top)
    rows, columns = window.outputs(*grown)
    seen = values.reshape(len(values), top[0], *window.kernel, rows, columns)
    out = np.zeros((len(values), top[0], *grown), np.float32)
    (down, right), (step_down, step_right) = window.dilation, window.stride
    with np.errstate(all="ignore"):
        for y, x in np.ndindex(*window.kernel):
            last_row, last_column = y * down + (rows - 1) * step_down, x * right + (columns - 1) * step_right
            out[:, :, y * down : last_row + 1 : step_down, x * right : last_column + 1 : step_right] += seen[:, :, y, x]
    return (out[:, :, border.top : border.top + top[1], border.left : border.left + top[2]],)


LAYER = LayerType("Fold", range(1, 2), forward, PARAMS, shapes=shapes)
