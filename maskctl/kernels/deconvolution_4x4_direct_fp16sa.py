"""Direct 4x4 deconvolution of stride 2 without packing: every input pixel in turn adds its kernel to the fp16 output.

Pixels of a row come in groups of four: all four add the left half of their kernel rows, then all four the right half. The
last `width mod 4` pixels are added one by one in scalar code, which rounds to float32 first.

Source: ncnn `src/layer/arm/deconvolution_4x4_fp16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate_map
from maskctl.kernels.deconvolution_places import cut
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.deconvolving import whole_extents
from maskctl.layers.families.windows import convolution_window
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    values = inputs[0]
    weight = casts.flat(weights["weight"])
    outputs = len(weight)
    bias = casts.flat(weights["bias"]) if params.integer("bias_term") else np.zeros(outputs, np.float32)
    whole = whole_extents(params, convolution_window(params), values.shape[1:])
    out = np.empty((len(values), outputs, *whole), np.float32)
    out[...] = bias[:, None, None]
    with np.errstate(all="ignore"):
        _scatter(values, weight, out)
    return (cut(params, activate_map(params, out, options)),)


def _scatter(values: FloatArray, weight: FloatArray, out: FloatArray) -> None:
    """Adds all pixels; the rows that add to an output are taken one after another, as are the two pixels of each."""
    height, width = values.shape[2:]
    fours = width // 4 * 4
    reached = out[:, :, : 2 * height + 2, : 2 * width + 2]
    for channel in range(values.shape[1]):
        for lower in (2, 0):
            for row in range(2):
                rows = reached[:, :, lower + row : lower + row + 2 * height : 2]
                kernel = weight[:, channel, lower + row]
                _add_rows(rows, values[:, None, channel], kernel, fours)


def _add_rows(rows: FloatArray, pixels: FloatArray, kernel: FloatArray, fours: int) -> None:
    """Adds pixels (n, 1, h, w) times a kernel row (m, 4) to output rows (n, m, h, 2 * w + 2).

    Output columns 2 * j and 2 * j + 1 take the left half of the kernel from pixel j and the right half from the one before.
    The right half comes first, but for the last three of a group of four.
    """
    width = pixels.shape[3]
    place = np.arange(width)
    late = (place < fours - 1) & (place % 4 != 3)
    for half, chosen in ((2, place[~late]), (0, place), (2, place[late])):
        for column in (half, half + 1):
            reached = 2 * chosen + column
            wide = np.asarray(
                rows[..., reached] + pixels[..., chosen] * kernel[:, column, None, None].astype(np.float64)
            )
            wide = np.where(chosen < fours, wide, wide.astype(np.float32))
            rows[..., reached] = wide.astype(np.float16)
