"""Winograd F(6,3) of bf16 blobs: tiles of 8x8 give 6x6 outputs, in fp32.

Source: ncnn `src/layer/arm/convolution_3x3_winograd_bf16s.h`, and the released arm64 build's order of the last sums.
"""

from __future__ import annotations

from collections.abc import Sequence

from maskctl.kernels.winograd_bf16s import WinogradInFloat32, two_passes
from maskctl.kernels.winograd_weights import F63
from maskctl.numeric.fma32 import fma
from maskctl.numeric.formats import FloatArray


def _input(r: Sequence[FloatArray]) -> list[FloatArray]:
    a12, b12 = fma(r[2] + r[6], r[4], -4.25), fma(r[1] + r[5], r[3], -4.25)
    a34, b34 = fma(fma(r[6], r[2], 0.25), r[4], -1.25), fma(fma(r[1] * 0.5, r[3], -2.5), r[5], 2.0)
    a56, b56 = fma(r[6], fma(r[2], r[4], -1.25), 4.0), fma(fma(r[1] * 2, r[3], -2.5), r[5], 0.5)
    return [
        fma(r[0] - r[6], r[4] - r[2], 5.25),
        *(a12 + b12, a12 - b12, a34 + b34, a34 - b34, a56 + b56, a56 - b56),
        fma(r[7] - r[1], r[3] - r[5], 5.25),
    ]


def _output(r: Sequence[FloatArray], bias: FloatArray | None) -> list[FloatArray]:
    a, a_ = r[1] + r[2], r[1] - r[2]
    b, b_ = r[3] + r[4], r[3] - r[4]
    c, c_ = r[5] + r[6], r[5] - r[6]
    middle = [
        fma(fma(a_, b_, 2.0), c_, 16.0),
        fma(fma(a, b, 4.0), c, 8.0),
        fma(fma(a_, b_, 8.0), c_, 4.0),
        fma(fma(a, b, 16.0), c, 2.0),
    ]
    first, last = fma(b, c, 32.0), fma(c_, b_, 32.0)
    if bias is None:
        return [(r[0] + first) + a, *middle, (r[7] + last) + a_]
    # The build adds the bias to the outermost value first, and to finished sums otherwise.
    return [(bias + r[0]) + (a + first), *(bias + value for value in middle), (a_ + last) + (r[7] + bias)]


def _output_single(r: Sequence[FloatArray], bias: FloatArray | None) -> list[FloatArray]:
    a, a_ = r[1] + r[2], r[1] - r[2]
    b, b_ = r[3] + r[4], r[3] - r[4]
    c, c_ = r[5] + r[6], r[5] - r[6]
    if bias is None:
        middle = _output(r, None)[1:5]
        return [fma(r[0], c, 32.0) + (a + b), *middle, fma(r[7], b_, 32.0) + (a_ + c_)]
    return [
        fma(((bias + r[0]) + a) + b, c, 32.0),
        fma(fma(bias + a_, c_, 16.0), b_, 2.0),
        fma(fma(bias + a, c, 8.0), b, 4.0),
        fma(fma(bias + a_, c_, 4.0), b_, 8.0),
        fma(fma(bias + a, c, 2.0), b, 16.0),
        fma(((bias + r[7]) + a_) + c_, b_, 32.0),
    ]


forward = WinogradInFloat32(6, F63.in_float32, _input, two_passes(_output), two_passes(_output_single)).forward
