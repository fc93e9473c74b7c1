"""Winograd F(4,3): 4x4 outputs from 6x6 tiles, with the square root of 2 among its points.

The engine takes it where a side has more than 128 channels and both have at least 16.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskctl.kernels.winograd_tiles import Winograd, rounded
from maskctl.kernels.winograd_weights import F43
from maskctl.numeric.fma16 import add, fma, multiply, subtract
from maskctl.numeric.formats import FloatArray

# The square root of 2 and its half, quarter and double, each rounded to fp16.
_ROOT, _HALF_ROOT, _QUARTER_ROOT, _TWO_ROOTS = 1.4140625, 0.70703125, 0.353515625, 2.828125


def _input(r: Sequence[FloatArray]) -> list[FloatArray]:
    a12, b12 = fma(multiply(r[1], _ROOT), r[3], -_HALF_ROOT), fma(r[4], r[2], -2.0)
    a34, b34 = fma(multiply(r[3], _ROOT), r[1], -_HALF_ROOT), fma(r[4], r[2], -0.5)
    first, last = fma(add(r[0], r[4]), r[2], -2.5), fma(add(r[1], r[5]), r[3], -2.5)
    return [first, subtract(b12, a12), add(b12, a12), add(b34, a34), subtract(b34, a34), last]


def _input_scalar(r: Sequence[FloatArray]) -> list[FloatArray]:
    with np.errstate(all="ignore"):
        a12, b12 = rounded(_ROOT * r[1] - _HALF_ROOT * r[3]), rounded(r[4] - 2 * r[2])
        a34, b34 = rounded(_ROOT * r[3] - _HALF_ROOT * r[1]), rounded(r[4] - 0.5 * r[2])
        first, last = rounded(r[0] + r[4] - 2.5 * r[2]), rounded(r[1] + r[5] - 2.5 * r[3])
    return [first, subtract(b12, a12), add(b12, a12), add(b34, a34), subtract(b34, a34), last]


def _output(r: Sequence[FloatArray], bias: FloatArray | None) -> list[FloatArray]:
    a, a_ = add(r[1], r[2]), subtract(r[1], r[2])
    b, b_ = add(r[3], r[4]), subtract(r[3], r[4])
    if bias is None:
        return [
            add(add(a, b), r[0]),
            fma(multiply(a_, _HALF_ROOT), b_, _ROOT),
            fma(multiply(a, 0.5), b, 2.0),
            fma(fma(r[5], a_, _QUARTER_ROOT), b_, _TWO_ROOTS),
        ]
    return [
        add(add(bias, r[0]), add(a, b)),
        fma(fma(bias, a_, _HALF_ROOT), b_, _ROOT),
        fma(fma(bias, a, 0.5), b, 2.0),
        fma(fma(add(r[5], bias), a_, _QUARTER_ROOT), b_, _TWO_ROOTS),
    ]


def _output_scalar(r: Sequence[FloatArray], bias: FloatArray | None) -> list[FloatArray]:
    start = np.float32(0) if bias is None else bias
    a, a_ = add(r[1], r[2]), subtract(r[1], r[2])
    b, b_ = add(r[3], r[4]), subtract(r[3], r[4])
    with np.errstate(all="ignore"):
        return [
            rounded(start + r[0] + a + b),
            rounded(start + _HALF_ROOT * a_ + _ROOT * b_),
            rounded(start + 0.5 * a + 2 * b),
            rounded(start + r[5] + _QUARTER_ROOT * a_ + _TWO_ROOTS * b_),
        ]


_WINOGRAD = Winograd(4, F43, _input, _input_scalar, _output, _output_scalar)
TILES = _WINOGRAD.tiles
forward = _WINOGRAD.forward
