"""The blocks of rows and columns in which a Gemm with fp32 sums goes through its matrices, each with a way of its own to sum.

Source: ncnn `src/layer/arm/gemm_arm.cpp`, `gemm_fp16s.h`, `gemm_bf16s.h`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.kernels.gemm_operands import Tiles, column_blocks
from maskctl.numeric.chains32 import Chain
from maskctl.numeric.formats import FloatArray

Part: TypeAlias = tuple[slice, npt.NDArray[np.bool_], Chain]
"""Rows, which columns, and how their sums are formed."""


@dataclass(frozen=True)
class Ways:
    """How sums are formed in rows by fours and in wide columns, in a last pair of rows and in a last single row.

    Wide columns are those taken four at a time and more; `of_two` and `of_one` are a pair of columns and a single one.
    """

    chain: Chain
    pair_of_two: Chain
    pair_of_one: Chain
    row: Chain
    row_of_two: Chain
    row_of_one: Chain


def product(
    left: FloatArray,
    right: FloatArray,
    addend: FloatArray | None,
    size: Tiles,
    ways: Ways,
    alpha: float = 1,
    beta: float = 1,
) -> FloatArray:
    """alpha * (left (b, M, K) times right (b, K, N) + beta * addend), in fp32, sums begun at the addend."""
    rows, columns = left.shape[1], right.shape[2]
    batch = max(len(left), len(right), 1 if addend is None else len(addend))
    if batch > len(right) == 1:
        left = np.broadcast_to(left, (batch, *left.shape[1:]))
    with np.errstate(all="ignore"):
        begun = np.float32(0) if addend is None else addend * np.float32(beta)
    total = np.array(np.broadcast_to(begun, (batch, rows, columns)), np.float32)
    parts = _parts(rows, column_blocks(columns, size.columns), ways)
    for begin in range(0, left.shape[2], size.terms):
        end = begin + size.terms
        total = in_parts(total, left[:, :, begin:end], right[:, begin:end], parts)
    if alpha != 1:
        with np.errstate(all="ignore"):
            total *= np.float32(alpha)
    return total


def in_parts(total: FloatArray, left: FloatArray, right: FloatArray, parts: Iterable[Part]) -> FloatArray:
    """`total` (b, M, N) with the products of the rows of `left` and the columns of `right` added, part by part."""
    out = np.empty_like(total)
    for rows, chosen, run in parts:
        if rows.start < rows.stop and chosen.any():
            out[:, rows, chosen] = run(total[:, rows, chosen], left[:, rows], right[:, :, chosen])
    return out


def _parts(rows: int, blocks: npt.NDArray[np.intp], ways: Ways) -> tuple[Part, ...]:
    fours, even, wide = rows // 4 * 4, rows // 2 * 2, blocks >= 4
    return (
        (slice(0, fours), blocks > 0, ways.chain),
        (slice(fours, even), wide, ways.chain),
        (slice(fours, even), blocks == 2, ways.pair_of_two),
        (slice(fours, even), blocks == 1, ways.pair_of_one),
        (slice(even, rows), wide, ways.row),
        (slice(even, rows), blocks == 2, ways.row_of_two),
        (slice(even, rows), blocks == 1, ways.row_of_one),
    )
