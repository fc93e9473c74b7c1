"""Pooling: maximum or average over windows of a map (c, h, w), or over all of it.

Source: ncnn `src/layer/pooling.cpp`. Global pooling gives (c,). Adaptive pooling is not run.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.windows import Border, Window, patches, require_map, same_border
from maskctl.numeric.formats import FloatArray

Flags: TypeAlias = npt.NDArray[np.bool_]

MAX, AVERAGE = 0, 1
FULL, VALID, SAME_UPPER, SAME_LOWER = range(4)

PARAMS = (
    Param(0, "pooling_type", 0, "0 maximum, 1 average"),
    Param(1, "kernel_w", 0, "window width"),
    Param(11, "kernel_h", 0, "window height", same_as="kernel_w"),
    Param(2, "stride_w", 1, "horizontal stride"),
    Param(12, "stride_h", 1, "vertical stride", same_as="stride_w"),
    Param(3, "pad_left", 0, "columns added on the left"),
    Param(14, "pad_right", 0, "columns added on the right", same_as="pad_left"),
    Param(13, "pad_top", 0, "rows added on top", same_as="pad_left"),
    Param(15, "pad_bottom", 0, "rows added at the bottom", same_as="pad_top"),
    Param(4, "global_pooling", 0, "1: one window over the whole map"),
    Param(5, "pad_mode", 0, "0 full (the last window may hang over), 1 valid, 2 SAME_UPPER, 3 SAME_LOWER"),
    Param(6, "avgpool_count_include_pad", 0, "1: averages divide by the whole window"),
    Param(7, "adaptive_pooling", 0, "1: as many windows as out_w, out_h"),
    Param(8, "out_w", 0, "output width of adaptive pooling"),
    Param(18, "out_h", 0, "output height of adaptive pooling", same_as="out_w"),
)


def unsupported(params: Params) -> str | None:
    """Adaptive pooling is not run."""
    return "adaptive pooling (7=1)" if params.integer("adaptive_pooling") else None


def window_of(params: Params) -> Window:
    """The window; raises `GraphError` for sizes below 1."""
    window = Window(
        (params.integer("kernel_h"), params.integer("kernel_w")),
        (params.integer("stride_h"), params.integer("stride_w")),
    )
    if min(*window.kernel, *window.stride) < 1:
        raise GraphError(
            f"the window is {window.kernel[1]}x{window.kernel[0]} with stride {window.stride[1]}x{window.stride[0]}. Expected 1 or more."
        )
    return window


def explicit_border(params: Params) -> Border:
    """The pads as written, without what the pad mode adds."""
    return Border(*(params.integer(f"pad_{side}") for side in ("top", "bottom", "left", "right")))


def border_of(params: Params, window: Window, shape: Shape) -> Border:
    """The border the pad mode makes; in mode "full" the bottom and right grow until every pixel is covered."""
    mode = params.integer("pad_mode")
    if mode in {SAME_UPPER, SAME_LOWER}:
        return same_border(window, shape, lower=mode == SAME_LOWER)
    border = explicit_border(params)
    if mode == VALID:
        return border
    height, width = border.grown(shape)
    below = -(height - window.kernel[0]) % window.stride[0] if height > window.kernel[0] else 0
    right = -(width - window.kernel[1]) % window.stride[1] if width > window.kernel[1] else 0
    return Border(border.top, border.bottom + below, border.left, border.right + right)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c, out_h, out_w), or (c,) for global pooling."""
    shape = require_map(inputs)
    if params.integer("global_pooling"):
        return ((shape[0],),)
    window = window_of(params)
    return ((shape[0], *window.outputs(*border_of(params, window, shape).grown(shape))),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Maximum or average in fp32; a window wholly in the border averages to NaN unless the border counts."""
    values = inputs[0]
    shapes(params, (values.shape[1:],))
    is_max = params.integer("pooling_type") == MAX
    with np.errstate(all="ignore"):
        if params.integer("global_pooling"):
            return (values.max((2, 3)) if is_max else sum_of_map(values) / np.float32(values[0, 0].size),)
        if is_max:
            return (_maximum(windows_of(params, values, fill=float(np.finfo(np.float32).min))),)
        seen = averaged_windows(params, values)
        return (seen.sum((2, 3), dtype=np.float32) / counts(params, values.shape[1:]),)


def windows_of(params: Params, values: FloatArray, *, fill: float) -> FloatArray:
    """What each window sees: (n, c, kernel_h, kernel_w, out_h, out_w), with `fill` in the border."""
    window = window_of(params)
    return patches(border_of(params, window, values.shape[1:]).around(values, fill), window)


def averaged_windows(params: Params, values: FloatArray) -> FloatArray:
    """As `windows_of`, with 0 wherever an average does not look."""
    window = window_of(params)
    border = border_of(params, window, values.shape[1:])
    grown = border.around(values, 0.0)
    return patches(np.where(_counted(params, border, grown.shape[2:]), grown, np.float32(0)), window)


def _counted(params: Params, border: Border, grown: Shape) -> Flags:
    """The pixels of the grown map that averages add and count: all of them with `avgpool_count_include_pad`.

    Without it the explicit pads and the overhang of mode "full" are left out; what SAME modes add is counted, as in
    the engine, and the explicit pads, which those modes do not add, are cut from the image.
    """
    inside = np.ones(grown, np.bool_)
    if params.integer("avgpool_count_include_pad"):
        return inside
    left_out = explicit_border(params) if params.integer("pad_mode") in {SAME_UPPER, SAME_LOWER} else border
    rows, columns = np.arange(grown[0]), np.arange(grown[1])
    inside &= ((rows >= left_out.top) & (rows < grown[0] - left_out.bottom))[:, None]
    inside &= (columns >= left_out.left) & (columns < grown[1] - left_out.right)
    return inside


def sum_of_map(values: FloatArray) -> FloatArray:
    """The sum of each channel, (n, c), pixel by pixel as the engine does; numpy's own sum goes pairwise."""
    pixels = values.reshape(*values.shape[:2], -1)
    total: FloatArray = np.cumsum(pixels, axis=-1, dtype=np.float32)[..., -1]
    return total


def _maximum(seen: FloatArray) -> FloatArray:
    out = seen[:, :, 0, 0].copy()
    for row in range(seen.shape[2]):
        for column in range(seen.shape[3]):
            np.maximum(out, seen[:, :, row, column], out=out)
    return out


def counts(params: Params, shape: Shape) -> FloatArray:
    """How many elements each average divides by, (out_h, out_w)."""
    window = window_of(params)
    border = border_of(params, window, shape)
    inside = _counted(params, border, border.grown(shape)).astype(np.float32)[None, None]
    found: FloatArray = patches(inside, window).sum((2, 3), dtype=np.float32)[0, 0]
    return found


LAYER = LayerType("Pooling", range(1, 2), forward, PARAMS, shapes=shapes, unsupported=unsupported)
