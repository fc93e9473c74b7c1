"""Winograd F(4,3) on x86-64, with the square root of 2 among its points: the engine takes it from 33 channels on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskctl.kernels.winograd_weights import F43
from maskctl.kernels.winograd_x86 import Winograd
from maskctl.numeric.formats import FloatArray

_ROOT = np.float32(1.41421356237)
_HALF_ROOT, _QUARTER_ROOT, _TWO_ROOTS = (np.float32(1.41421356237 * factor) for factor in (0.5, 0.25, 2))


def _input(r: Sequence[FloatArray]) -> list[FloatArray]:
    half, high = np.float32(0.5), np.float32(2.5)
    a12, b12 = r[1] * _ROOT - _HALF_ROOT * r[3], r[4] - 2 * r[2]
    a34, b34 = r[3] * _ROOT - _HALF_ROOT * r[1], r[4] - half * r[2]
    first, last = (r[0] + r[4]) - high * r[2], (r[1] + r[5]) - high * r[3]
    return [first, b12 - a12, b12 + a12, b34 + a34, b34 - a34, last]


def _output(r: Sequence[FloatArray]) -> list[FloatArray]:
    a, a_, b, b_ = r[1] + r[2], r[1] - r[2], r[3] + r[4], r[3] - r[4]
    return [
        (r[0] + a) + b,
        b_ * _ROOT + a_ * _HALF_ROOT,
        b * 2 + a * np.float32(0.5),
        b_ * _TWO_ROOTS + (a_ * _QUARTER_ROOT + r[5]),
    ]


forward = Winograd(4, F43.in_float32, _input, _output).forward
