"""Pooling of bf16 blobs: maxima and fp32 sums as for fp16 storage, stored with ties away from zero.

The engine's 3x3 maximum of stride 2 over packed channels has a bug. Outputs come in groups of four, then in pairs, then
single; the second output of a pair takes its last column from eight bf16 values read as four fp32 ones: of the pixel it
wants and of the one right of it, channels 1 and 3 of the four, each with the channel before it as lower bits. So
channels 0 and 1 see channels 1 and 3, channels 2 and 3 see channels 1 and 3 of the next pixel. Where the channel before
is not 0, an infinity reads as NaN: the border of a maximum is -infinity. The next pixel of the last one in a row is the
first of the row below; behind the last row it lies outside the map, in memory the engine never wrote, taken as 0 here.
Source: ncnn `src/layer/arm/pooling_arm.cpp`, `pooling_3x3_pack4_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.packing import Options, elempack
from maskctl.kernels.pooling_fp16s import maximum_of_map, maximum_of_windows, sum_of_windows
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import pooling_windows
from maskctl.layers.families.windows import patches
from maskctl.numeric import math16
from maskctl.numeric.bf16 import away
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The pooled map of each sample, to the bit of the engine where it stays inside the map."""
    values = inputs[0]
    packed = elempack(values.shape[1], options) == 4
    with np.errstate(all="ignore"):
        if params.integer("pooling_type") == pooling_windows.MAX:
            return (_maximum(params, values, packed=packed),)
        total, count = _sum(params, values)
        return (away(total * (np.float32(1) / count) if packed else total / count),)


def _sum(params: Params, values: FloatArray) -> tuple[FloatArray, FloatArray | np.float32]:
    """The sum of each window, or of the map, and how many elements it counts."""
    if params.integer("global_pooling"):
        return pooling_windows.sum_of_map(values), np.float32(values[0, 0].size)
    seen = pooling_windows.averaged_windows(params, values)
    return sum_of_windows(seen), pooling_windows.counts(params, values.shape[1:])


def _maximum(params: Params, values: FloatArray, *, packed: bool) -> FloatArray:
    larger = math16.maximum if packed else math16.maximum_number
    if params.integer("global_pooling"):
        return maximum_of_map(values, larger)
    window = pooling_windows.window_of(params)
    border = pooling_windows.border_of(params, window, values.shape[1:])
    grown = border.around(values, -np.inf)
    seen = patches(grown, window)
    out = maximum_of_windows(seen, larger)
    if packed and window.kernel == (3, 3) and window.stride == (2, 2) and out.shape[3] % 4 >= 2:
        second = out.shape[3] // 4 * 4 + 1
        right = maximum_of_windows(seen[:, :, :, :2, :, second : second + 1], larger)[..., 0]
        out[..., second] = _with_misread_column(grown, right, 2 * second + 2)
    return out


def _with_misread_column(grown: FloatArray, right: FloatArray, column: int) -> FloatArray:
    """The maxima (n, c, rows) with the columns read rightly, `right`, and what is read in place of `column`."""
    n, channels, _, width = grown.shape
    pixels = grown.reshape(n, channels, -1)
    behind = np.concatenate([pixels, np.zeros((n, channels, 1), np.float32)], axis=2)
    rows = right.shape[2]
    out = right
    for kernel_row in range(3):
        at = (2 * np.arange(rows) + kernel_row) * width + column
        read = np.stack([_as_fp32(behind[:, :, at]), _as_fp32(behind[:, :, at + 1])], axis=2)
        out = math16.maximum(out, read.reshape(n, channels, rows))
    return away(out)


def _as_fp32(pixel: FloatArray) -> FloatArray:
    """Four bf16 channels (n, c, rows) read as two fp32 values (n, c / 4, 2, rows)."""
    bits = np.ascontiguousarray(pixel).view(np.uint32).reshape(len(pixel), -1, 2, 2, pixel.shape[2])
    return (bits[:, :, :, 1] | bits[:, :, :, 0] >> np.uint32(16)).view(np.float32)
