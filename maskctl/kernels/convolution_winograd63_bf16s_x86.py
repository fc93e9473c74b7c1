"""Winograd F(6,3) on x86-64: the engine takes it up to 32 channels on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskctl.kernels.winograd_weights import F63
from maskctl.kernels.winograd_x86 import Winograd
from maskctl.numeric.formats import FloatArray


def _input(r: Sequence[FloatArray]) -> list[FloatArray]:
    four, five = np.float32(4.25), np.float32(5.25)
    low, high = np.float32(1.25), np.float32(2.5)
    half, quarter = np.float32(0.5), np.float32(0.25)
    a12, b12 = r[2] + r[6] - four * r[4], r[1] + r[5] - four * r[3]
    a34, b34 = quarter * r[2] + r[6] - low * r[4], r[1] * half - high * r[3] + 2 * r[5]
    a56, b56 = 4 * (r[2] - low * r[4]) + r[6], r[1] * 2 - high * r[3] + half * r[5]
    first, last = (r[0] - r[6]) + five * (r[4] - r[2]), (r[7] - r[1]) + five * (r[3] - r[5])
    return [first, a12 + b12, a12 - b12, a34 + b34, a34 - b34, a56 + b56, a56 - b56, last]


def _output(r: Sequence[FloatArray]) -> list[FloatArray]:
    a, a_, b, b_, c, c_ = r[1] + r[2], r[1] - r[2], r[3] + r[4], r[3] - r[4], r[5] + r[6], r[5] - r[6]
    return [
        (r[0] + a) + (32 * c + b),
        16 * c_ + (2 * b_ + a_),
        8 * c + (4 * b + a),
        4 * c_ + (8 * b_ + a_),
        2 * c + (16 * b + a),
        (r[7] + a_) + (32 * b_ + c_),
    ]


forward = Winograd(6, F63.in_float32, _input, _output).forward
