"""Gemm of fp16 values with fp32 sums: one accumulator for each element, begun at C, but for last rows that are no four.

Source: ncnn `src/layer/arm/gemm_fp16s.h`, and the released build's order of what the compiler made vectors of.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import gemm_blocks
from maskctl.kernels.gemm_operands import Tiles, arranged, cast_left, cast_right, column_blocks, operands, tiles
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts
from maskctl.numeric.chains32 import chains, lanes
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The product of each sample, plus C, times alpha."""
    given = operands(params, weights, inputs)
    left, right = given.left, given.right
    if given.constant[0]:
        left = cast_left(left, casts.nearest, casts.one_by_one, transposed=params.integer("transA") != 0)
    if given.constant[1]:
        right = cast_right(right, casts.nearest, casts.one_by_one, transposed=params.integer("transB") != 0)
    size = tiles(right.shape[2], right.shape[1], 8, params)
    total = product(left, right, given.addend, size, params.real("alpha"), params.real("beta"))
    transposed = params.integer("output_transpose") != 0
    pack = params.integer("output_elempack") or elempack(right.shape[2], options - {"use_fp16_arithmetic"})
    kept = stored(total, size, transposed=transposed, packed=pack > 1)
    return (arranged(params, kept, len(inputs[0]) if inputs else 1),)


def stored(total: FloatArray, size: Tiles, *, transposed: bool = False, packed: bool = False) -> FloatArray:
    """The sums (b, M, N) cast to fp16: one by one in rows and columns left over from fours.

    Where the result is transposed, all columns of a last pair of rows are, and those of a last single row if they are not
    packed.
    """
    rows, columns = total.shape[1:]
    alone = np.zeros((rows, columns), bool)
    if transposed:
        alone[rows // 4 * 4 : rows if not packed else rows // 2 * 2] = True
    else:
        alone[rows // 4 * 4 :] = column_blocks(columns, size.columns) < 4
    return np.where(alone, casts.one_by_one(total), casts.nearest(total))


def product(
    left: FloatArray, right: FloatArray, addend: FloatArray | None, size: Tiles, alpha: float = 1, beta: float = 1
) -> FloatArray:
    """alpha * (left (b, M, K) times right (b, K, N) + beta * addend), in fp32."""
    return gemm_blocks.product(left, right, addend, size, _WAYS, alpha, beta)


def _pair_of_rows(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    eights = left.shape[2] // 8 * 8
    if eights:
        q = lanes(4, left[:, :, :eights], right[:, :eights])
        with np.errstate(all="ignore"):
            total = total + ((q[0] + q[1]) + (q[2] + q[3]))
    return chains(total, left[:, :, eights:], right[:, eights:])


def _row(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    fours = left.shape[2] // 4 * 4
    if fours:
        q = lanes(4, left[:, :, :fours], right[:, :fours])
        with np.errstate(all="ignore"):
            total = (total + (q[0] + q[1])) + (q[2] + q[3])
    return chains(total, left[:, :, fours:], right[:, fours:])


def _row_of_two(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """The last block of four terms is added to the total in turns with the sums of the blocks before."""
    fours = left.shape[2] // 4 * 4
    if fours:
        q = lanes(4, left[:, :, : fours - 4], right[:, : fours - 4])
        with np.errstate(all="ignore"):
            for step in range(4):
                last = fours - 4 + step
                total = (total + left[:, :, last, None] * right[:, last, None]) + q[3 - step]
    return chains(total, left[:, :, fours:], right[:, fours:])


def _row_of_one(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    fours = left.shape[2] // 4 * 4
    if fours:
        q = lanes(4, left[:, :, :fours], right[:, :fours])
        with np.errstate(all="ignore"):
            total = ((total + (q[1] + q[2])) + q[3]) + q[0]
    return chains(total, left[:, :, fours:], right[:, fours:])


_WAYS = gemm_blocks.Ways(chains, _pair_of_rows, _pair_of_rows, _row, _row_of_two, _row_of_one)
