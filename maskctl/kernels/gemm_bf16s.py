"""Gemm of bf16 values with the BF16 instructions: pairs of products, fp32 sums rounded to odd, C and alpha at the end.

C times beta and its sum are two operations; where scalar code adds to a single last column, it is one.

Source: ncnn `src/layer/arm/gemm_bf16s.h`, and the released build.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from maskctl.kernels.gemm_blocks import in_parts
from maskctl.kernels.gemm_operands import Tiles, arranged, column_blocks, operands, tiles
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts, fma32
from maskctl.numeric.chains32 import chains, pair_chains
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays, _: Options) -> Arrays:
    """The product of each sample, plus C, times alpha."""
    given = operands(params, weights, inputs)
    left, right = given.left, given.right
    if given.constant[0]:
        left = cast_constant(left, in_columns=params.integer("transA") != 0)
    if given.constant[1]:
        right = cast_constant(right.swapaxes(1, 2), in_columns=params.integer("transB") == 0).swapaxes(1, 2)
    size = tiles(right.shape[2], right.shape[1], 8, params)
    factors = params.real("alpha"), params.real("beta")
    total = product(left, right, given.addend, size, *factors, by_rows=given.by_rows)
    return (arranged(params, stored(total, size), len(inputs[0]) if inputs else 1),)


def nearest(values: FloatArray) -> FloatArray:
    """To bf16, ties to even, as vectors are cast."""
    return round_to(values, "bf16")


def cast_constant(values: FloatArray, *, in_columns: bool) -> FloatArray:
    """A weight (1, rows, terms) as the engine packs it, in rows of the product or in columns of the right matrix.

    Where terms lie side by side, those left over from pairs are cast one by one, and in a single last row those left over
    from fours. With `in_columns` rows lie side by side: a single last row is cast one by one, and of a last pair the terms
    left over from fours.
    """
    rows, terms = values.shape[1:]
    alone = np.zeros((rows, terms), bool)
    even, fours = rows // 2 * 2, slice(terms // 4 * 4, terms)
    if in_columns:
        alone[rows // 4 * 4 : even, fours] = True
        alone[even:] = True
    else:
        alone[:even, terms // 2 * 2 :] = True
        alone[even:, fours] = True
    return np.where(alone, casts.one_by_one_to_bf16(values), nearest(values))


def stored(total: FloatArray, size: Tiles) -> FloatArray:
    """The sums (b, M, N) cast to bf16: one by one where a last single row meets a last single column."""
    rows, columns = total.shape[1:]
    alone = np.zeros((rows, columns), bool)
    alone[rows // 2 * 2 :] = column_blocks(columns, size.columns) == 1
    return np.where(alone, casts.one_by_one_to_bf16(total), nearest(total))


def product(
    left: FloatArray,
    right: FloatArray,
    addend: FloatArray | None,
    size: Tiles,
    alpha: float = 1,
    beta: float = 1,
    *,
    by_rows: bool = False,
) -> FloatArray:
    """alpha * (left (b, M, K) times right (b, K, N) + beta * addend), in fp32; `by_rows` as in `Operands`."""
    batch, (rows, terms), columns = max(len(left), len(right)), left.shape[1:], right.shape[2]
    total = np.zeros((batch, rows, columns), np.float32)
    blocks = column_blocks(columns, size.columns)
    for begin in range(0, terms, size.terms):
        total = _tile(total, left[:, :, begin : begin + size.terms], right[:, begin : begin + size.terms], blocks)
    with np.errstate(all="ignore"):
        if addend is not None and beta == 1:
            total = total + addend
        elif addend is not None:
            together = np.zeros((rows, columns), bool)
            together[rows // 4 * 4 if by_rows else rows // 2 * 2 :] = blocks == 1
            scaled = total + addend * np.float32(beta)
            total = np.where(together, fma32.fma(total, addend, np.float32(beta)), scaled)
        return total * np.float32(alpha)


def _tile(total: FloatArray, left: FloatArray, right: FloatArray, blocks: npt.NDArray[np.intp]) -> FloatArray:
    rows, alone = total.shape[1], blocks == 1
    fours, even = rows // 4 * 4, rows // 2 * 2
    parts = (
        (slice(0, even), ~alone, _one_sum),
        (slice(0, fours), alone, _two_sums),
        (slice(fours, even), alone, _apart),
        (slice(even, rows), ~alone, _apart),
        (slice(even, rows), alone, _apart),
    )
    return in_parts(total, left, right, parts)


def _one_sum(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """Pair after pair into one accumulator, then the odd term."""
    even = left.shape[2] // 2 * 2
    return chains(pair_chains(total, left[:, :, :even], right[:, :even]), left[:, :, even:], right[:, even:])


def _apart(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """The pairs are summed from 0 before they are added to what is there."""
    even = left.shape[2] // 2 * 2
    with np.errstate(all="ignore"):
        total = total + pair_chains(0.0, left[:, :, :even], right[:, :even])
    return chains(total, left[:, :, even:], right[:, even:])


def _two_sums(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """Of every four terms one accumulator takes the first pair and another the second; what is left over follows."""
    fours = left.shape[2] // 4 * 4
    first = np.arange(fours) % 4 < 2
    a, b = left[:, :, :fours], right[:, :fours]
    sums = [pair_chains(0.0, a[:, :, chosen], b[:, chosen]) for chosen in (first, ~first)]
    with np.errstate(all="ignore"):
        total = total + (sums[0] + sums[1])
    return _one_sum(total, left[:, :, fours:], right[:, fours:])
