"""Winograd F(4,3) of bf16 blobs: tiles of 6x6 give 4x4 outputs, in fp32.

Source: ncnn `src/layer/arm/convolution_3x3_winograd_bf16s.h`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskctl.kernels.winograd_bf16s import WinogradInFloat32, two_passes
from maskctl.kernels.winograd_weights import F43
from maskctl.numeric.fma32 import fma
from maskctl.numeric.formats import FloatArray

_ROOT = np.float32(1.41421356237)
_HALF_ROOT, _QUARTER_ROOT, _TWO_ROOTS = _ROOT / np.float32(2), _ROOT / np.float32(4), _ROOT * np.float32(2)


def _input(r: Sequence[FloatArray]) -> list[FloatArray]:
    a12, b12 = fma(r[1] * _ROOT, r[3], -_HALF_ROOT), fma(r[4], r[2], -2.0)
    a34, b34 = fma(r[3] * _ROOT, r[1], -_HALF_ROOT), fma(r[4], r[2], -0.5)
    first, last = fma(r[0] + r[4], r[2], -2.5), fma(r[1] + r[5], r[3], -2.5)
    return [first, b12 - a12, b12 + a12, b34 + a34, b34 - a34, last]


def _output(r: Sequence[FloatArray], bias: FloatArray | None) -> list[FloatArray]:
    a, a_ = r[1] + r[2], r[1] - r[2]
    b, b_ = r[3] + r[4], r[3] - r[4]
    if bias is None:
        return [
            (a + b) + r[0],
            fma(a_ * _HALF_ROOT, b_, _ROOT),
            fma(a * np.float32(0.5), b, 2.0),
            fma(fma(r[5], a_, _QUARTER_ROOT), b_, _TWO_ROOTS),
        ]
    return [
        (bias + r[0]) + (a + b),
        fma(fma(bias, a_, _HALF_ROOT), b_, _ROOT),
        fma(fma(bias, a, 0.5), b, 2.0),
        fma(fma(r[5] + bias, a_, _QUARTER_ROOT), b_, _TWO_ROOTS),
    ]


forward = WinogradInFloat32(4, F43.in_float32, _input, two_passes(_output), two_passes(_output)).forward
