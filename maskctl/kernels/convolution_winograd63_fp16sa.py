"""Winograd F(6,3): 6x6 outputs from 8x8 tiles. The engine takes it where neither side has more than 128 channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskctl.kernels.winograd_tiles import Winograd, rounded
from maskctl.kernels.winograd_weights import F63
from maskctl.numeric.fma16 import add, fma, multiply, subtract
from maskctl.numeric.formats import FloatArray


def _input(r: Sequence[FloatArray]) -> list[FloatArray]:
    a12, b12 = fma(add(r[2], r[6]), r[4], -4.25), fma(add(r[1], r[5]), r[3], -4.25)
    a34, b34 = fma(fma(r[6], r[2], 0.25), r[4], -1.25), fma(fma(multiply(r[1], 0.5), r[3], -2.5), r[5], 2.0)
    a56, b56 = fma(r[6], fma(r[2], r[4], -1.25), 4.0), fma(fma(multiply(r[1], 2.0), r[3], -2.5), r[5], 0.5)
    return [
        fma(subtract(r[0], r[6]), subtract(r[4], r[2]), 5.25),
        add(a12, b12),
        subtract(a12, b12),
        add(a34, b34),
        subtract(a34, b34),
        add(a56, b56),
        subtract(a56, b56),
        fma(subtract(r[7], r[1]), subtract(r[3], r[5]), 5.25),
    ]


def _input_scalar(r: Sequence[FloatArray]) -> list[FloatArray]:
    with np.errstate(all="ignore"):
        a12, b12 = rounded(r[2] + r[6] - 4.25 * r[4]), rounded(r[1] + r[5] - 4.25 * r[3])
        a34, b34 = rounded(r[6] + 0.25 * r[2] - 1.25 * r[4]), rounded(0.5 * r[1] - 2.5 * r[3] + 2.0 * r[5])
        a56, b56 = rounded(4.0 * r[2] - 5.0 * r[4] + r[6]), rounded(2.0 * r[1] - 2.5 * r[3] + 0.5 * r[5])
        first, last = rounded(r[0] - r[6] + 5.25 * (r[4] - r[2])), rounded(r[7] - r[1] + 5.25 * (r[3] - r[5]))
    pairs = ((a12, b12), (a34, b34), (a56, b56))
    return [first, *(pick(a, b) for a, b in pairs for pick in (add, subtract)), last]


def _output(r: Sequence[FloatArray], bias: FloatArray | None) -> list[FloatArray]:
    a, a_ = add(r[1], r[2]), subtract(r[1], r[2])
    b, b_ = add(r[3], r[4]), subtract(r[3], r[4])
    c, c_ = add(r[5], r[6]), subtract(r[5], r[6])
    middle = [
        fma(fma(a_, b_, 2.0), c_, 16.0),
        fma(fma(a, b, 4.0), c, 8.0),
        fma(fma(a_, b_, 8.0), c_, 4.0),
        fma(fma(a, b, 16.0), c, 2.0),
    ]
    first, last = fma(b, c, 32.0), fma(c_, b_, 32.0)
    if bias is None:
        return [add(add(r[0], first), a), *middle, add(add(r[7], last), a_)]
    # The build adds the bias to the outermost value first, and to finished sums otherwise.
    return [
        add(add(bias, r[0]), add(a, first)),
        *(add(bias, value) for value in middle),
        add(add(a_, last), add(r[7], bias)),
    ]


def _output_scalar(r: Sequence[FloatArray], bias: FloatArray | None) -> list[FloatArray]:
    start = np.float32(0) if bias is None else bias
    a, a_ = add(r[1], r[2]), subtract(r[1], r[2])
    b, b_ = add(r[3], r[4]), subtract(r[3], r[4])
    c, c_ = add(r[5], r[6]), subtract(r[5], r[6])
    with np.errstate(all="ignore"):
        return [
            rounded(start + r[0] + a + b + 32 * c),
            rounded(start + a_ + 2 * b_ + 16 * c_),
            rounded(start + a + 4 * b + 8 * c),
            rounded(start + a_ + 8 * b_ + 4 * c_),
            rounded(start + a + 16 * b + 2 * c),
            rounded(start + r[7] + a_ + 32 * b_ + c_),
        ]


_WINOGRAD = Winograd(6, F63, _input, _input_scalar, _output, _output_scalar)
TILES = _WINOGRAD.tiles
forward = _WINOGRAD.forward
