"""Gemm of fp32 blobs, as layers have inside that keep fp32 there: fused multiply-adds, begun at C.

Where columns are fewer than four and rows no four, four accumulators take turns, which the compiler joins in its own order.
Source: ncnn `src/layer/arm/gemm_arm.cpp`, `gemm_transB_packed_tile`, and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import gemm_blocks
from maskctl.kernels.gemm_operands import tiles
from maskctl.numeric.chains32 import fused_chains, lanes
from maskctl.numeric.formats import FloatArray

_BYTES_OF_THREE = 12


def product(left: FloatArray, right: FloatArray, addend: FloatArray | None = None) -> FloatArray:
    """left (b, M, K) times right (b, K, N), plus what broadcasts to (b, M, N)."""
    size = tiles(right.shape[2], right.shape[1], _BYTES_OF_THREE)
    return gemm_blocks.product(left, right, addend, size, _WAYS)


def _pair_of_one(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    fours = left.shape[2] // 4 * 4
    if fours:
        q = _lanes(left, right, fours)
        with np.errstate(all="ignore"):
            total = total + ((q[0] + q[1]) + (q[2] + q[3]))
    return _rest(total, left, right, fours)


def _row(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    fours = left.shape[2] // 4 * 4
    if fours:
        q = _lanes(left, right, fours)
        with np.errstate(all="ignore"):
            total = (total + (q[0] + q[1])) + (q[2] + q[3])
    return _rest(total, left, right, fours)


def _row_of_two(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """The second column of each pair takes the first two accumulators the other way round."""
    fours = left.shape[2] // 4 * 4
    if fours:
        q = _lanes(left, right, fours)
        second = np.arange(right.shape[2]) % 2 == 1
        with np.errstate(all="ignore"):
            begun = total + (q[2] + q[3])
            total = np.where(second, (begun + q[1]) + q[0], (begun + q[0]) + q[1])
    return _rest(total, left, right, fours)


def _row_of_one(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    fours = left.shape[2] // 4 * 4
    if fours:
        q = _lanes(left, right, fours)
        with np.errstate(all="ignore"):
            total = ((total + (q[0] + q[1])) + q[2]) + q[3]
    return _rest(total, left, right, fours)


def _lanes(left: FloatArray, right: FloatArray, fours: int) -> list[FloatArray]:
    return lanes(4, left[:, :, :fours], right[:, :fours], fused_chains)


def _rest(total: FloatArray, left: FloatArray, right: FloatArray, fours: int) -> FloatArray:
    return fused_chains(total, left[:, :, fours:], right[:, fours:])


_WAYS = gemm_blocks.Ways(fused_chains, fused_chains, _pair_of_one, _row, _row_of_two, _row_of_one)
