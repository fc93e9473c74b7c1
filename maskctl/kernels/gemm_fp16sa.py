"""Gemm in fp16: one accumulator for each element, begun at C, but for an odd last row, which has several.

Source: ncnn `src/layer/arm/gemm_arm_asimdhp.cpp`, `gemm_transB_packed_tile_fp16sa`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from maskctl.kernels.gemm_operands import Tiles, arranged, cast_left, cast_right, column_blocks, operands, tiles
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts, fma16
from maskctl.numeric.formats import FloatArray, half, round_to

Chain: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Adds the products of a row and columns to what it is given first."""


def forward(params: Params, weights: Weights, inputs: Arrays, _: Options) -> Arrays:
    """The product of each sample, plus C, times alpha."""
    given = operands(params, weights, inputs)
    left, right, addend = given.left, given.right, given.addend
    if given.constant[0]:
        left = cast_left(left, casts.nearest, casts.one_by_one, transposed=params.integer("transA") != 0)
    if given.constant[1]:
        right = cast_right(right, casts.nearest, casts.one_by_one, transposed=params.integer("transB") != 0)
    if addend is not None:
        addend = casts.flat(addend) if given.constant[2] else addend
        beta = np.float32(params.real("beta"))
        if beta != 1:
            addend = fma16.multiply(addend, beta if given.constant[2] else half(float(beta)))
    size = tiles(right.shape[2], right.shape[1], 6, params)
    total = product(left, right, addend, size)
    if params.real("alpha") != 1:
        total = fma16.multiply(total, np.float32(params.real("alpha")))
    return (arranged(params, total, len(inputs[0]) if inputs else 1),)


def product(left: FloatArray, right: FloatArray, addend: FloatArray | None, size: Tiles) -> FloatArray:
    """Left (b, M, K) times right (b, K, N) plus an addend that broadcasts to (b, M, N), all of fp16 values."""
    rows, columns = left.shape[1], right.shape[2]
    batch = max(len(left), len(right), 1 if addend is None else len(addend))
    if batch > len(right) == 1:
        left = np.broadcast_to(left, (batch, *left.shape[1:]))
    start = np.broadcast_to(np.float32(0) if addend is None else addend, (batch, rows, columns))
    out = np.empty((batch, rows, columns), np.float32)
    even, blocks = rows // 2 * 2, column_blocks(columns, size.columns)
    fours, wide = rows // 4 * 4, blocks >= 4
    out[:, :fours] = fma16.chains(start[:, :fours], left[:, :fours], right)
    pair = slice(fours, even)
    out[:, pair, wide] = fma16.chains(start[:, pair, wide], left[:, pair], right[:, :, wide])
    out[:, pair, ~wide] = fma16.chain_in_float32(start[:, pair, ~wide], left[:, pair], right[:, :, ~wide])
    if rows > even:
        for chosen, run in ((blocks >= 8, _eight), (blocks == 4, _four), (blocks < 4, _four_scalar)):
            if chosen.any():
                out[:, even:, chosen] = _by_tiles(
                    run, start[:, even:, chosen], left[:, even:], right[:, :, chosen], size.terms
                )
    return out


def _by_tiles(run: Chain, total: FloatArray, left: FloatArray, right: FloatArray, steps: int) -> FloatArray:
    """The last row tile by tile of terms: each begins its accumulators anew."""
    for begin in range(0, left.shape[2], steps):
        total = run(total, left[:, :, begin : begin + steps], right[:, begin : begin + steps])
    return total


def _eight(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """Eight accumulators over blocks of eight terms, joined in the released build's order, then the rest one by one."""
    add, eights = fma16.add, left.shape[2] // 8 * 8
    if eights:
        s = _lanes(fma16.chains, total, left, right, eights, 8)
        total = add(total, add(s[6], add(s[5], add(s[0], s[1]))))
        total = add(add(s[7], add(s[4], add(s[2], s[3]))), total)
    return fma16.chains(total, left[:, :, eights:], right[:, eights:])


def _four(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """As `_eight` with four."""
    add, fours = fma16.add, left.shape[2] // 4 * 4
    if fours:
        s = _lanes(fma16.chains, total, left, right, fours, 4)
        total = add(add(total, add(s[0], s[1])), add(s[2], s[3]))
    return fma16.chains(total, left[:, :, fours:], right[:, fours:])


def _four_scalar(total: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """As `_four` in scalar code; the last two sums are made in float32 and rounded together."""
    fours = left.shape[2] // 4 * 4
    if fours:
        s = _lanes(fma16.chain_in_float32, total, left, right, fours, 4)
        with np.errstate(all="ignore"):
            total = round_to(total + (fma16.add(s[0], s[1]) + fma16.add(s[2], s[3])), "fp16")
    return fma16.chain_in_float32(total, left[:, :, fours:], right[:, fours:])


def _lanes(
    run: Chain, like: FloatArray, left: FloatArray, right: FloatArray, terms: int, count: int
) -> list[FloatArray]:
    """As many accumulators as `count`, each of every so-manieth term, begun at 0."""
    zero = np.zeros_like(like)
    return [run(zero, left[:, :, j:terms:count], right[:, j:terms:count]) for j in range(count)]
