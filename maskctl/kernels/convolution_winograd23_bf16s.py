"""Winograd F(2,3) of bf16 blobs: tiles of 4x4 give 2x2 outputs, in fp32.

The released build merges both passes of the output transform into one sum.
Source: ncnn `src/layer/arm/convolution_3x3_winograd_bf16s.h`, and the released arm64 build's order of the sums.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskctl.kernels.winograd_bf16s import WinogradInFloat32
from maskctl.numeric.formats import FloatArray

_HALF = np.float32(0.5)


def _kernels(weight: FloatArray) -> FloatArray:
    """The kernels (m, c, 3, 3) as (row frequency, column frequency, m, c)."""
    rows = [np.stack(_kernel([weight[:, :, row, column] for column in range(3)])) for row in range(3)]
    return np.stack(_kernel(rows))


def _kernel(r: Sequence[FloatArray]) -> list[FloatArray]:
    first, middle, last = (value * _HALF for value in r)
    return [r[0], (first + middle) + last, (first + last) - middle, r[2]]


def _input(r: Sequence[FloatArray]) -> list[FloatArray]:
    return [r[0] - r[2], r[1] + r[2], r[2] - r[1], r[3] - r[1]]


def _output(p: FloatArray, bias: FloatArray) -> FloatArray:
    upper, right = (p[0, 1] + p[1, 1]) + p[2, 1], (p[0, 2] + p[1, 2]) + p[2, 2]
    lower, below = (p[1, 1] + p[3, 1]) - p[2, 1], p[1, 2] + p[3, 2]
    return _square(
        ((bias + p[2, 0]) + right) + ((p[0, 0] + p[1, 0]) + upper),
        ((bias + p[2, 3]) - right) + (upper + (p[0, 3] + p[1, 3])),
        ((bias + (p[1, 0] + p[3, 0])) + lower) + ((below - p[2, 0]) - p[2, 2]),
        ((bias + p[3, 3]) + lower) + ((p[1, 3] + p[2, 2]) - below - p[2, 3]),
    )


def _output_single(p: FloatArray, bias: FloatArray) -> FloatArray:
    upper, right = (p[0, 1] + p[1, 1]) + p[2, 1], (p[0, 2] + p[1, 2]) + p[2, 2]
    lower, below = (p[1, 1] + p[3, 1]) - p[2, 1], p[1, 2] + p[3, 2]
    return _square(
        (((bias + (p[0, 0] + p[1, 0])) + p[2, 0]) + upper) + right,
        (((bias + (p[0, 3] + p[1, 3])) + p[2, 3]) + upper) - right,
        ((((bias + (p[1, 0] + p[3, 0])) + below) - p[2, 0]) - p[2, 2]) + lower,
        ((((bias + (p[1, 3] + p[2, 2])) + p[3, 3]) - p[2, 3]) + lower) - below,
    )


def _square(*outputs: FloatArray) -> FloatArray:
    return np.stack(outputs).reshape(2, 2, *outputs[0].shape)


forward = WinogradInFloat32(2, _kernels, _input, _output, _output_single).forward
