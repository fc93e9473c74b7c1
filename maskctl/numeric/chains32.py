"""Sums of products in float32 in a given order, over batches of matrices, most of them where every product is exact in float32.

That of two fp16 values is, and so is that of two bf16 values but for subnormals. A fused multiply-add and a multiplication
followed by an addition then give the same bits, and only the order of the additions matters. Products of fp32 values are
fused with their sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from maskctl.numeric import fma32
from maskctl.numeric.bf16 import add_to_odd, may_be_subnormal
from maskctl.numeric.formats import FloatArray, Operand

_TILE_ELEMENTS = 65536  # two float32 arrays of this size stay in a core's L2 cache
_ZERO = np.zeros((1, 1, 1), np.float32)

Part: TypeAlias = tuple[slice, slice]
Chain: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Adds the products of rows and columns, in the order of `k`, to what it is given first."""


def chains(start: Operand, left: FloatArray, right: FloatArray) -> FloatArray:
    """One accumulator for each element, summed in the order of `k`: left (b, m, k), right (b, k, n), start to (b, m, n).

    One matrix on either side serves the whole batch. Returns (b, m, n).
    """
    out = _begun(start, left, right)
    previous = np.setbufsize(16)  # numpy copies outer products through its buffer when that is large: 2x slower
    try:
        for part, a, b in _parts(left, right):
            _add_products(out[part], a, b)
    finally:
        np.setbufsize(previous)
    return out


def _begun(start: Operand, left: FloatArray, right: FloatArray) -> FloatArray:
    shape = max(len(left), len(right)), left.shape[1], right.shape[2]
    return np.array(np.broadcast_to(start, shape), np.float32)


def _parts(left: FloatArray, right: FloatArray) -> Iterator[tuple[Part, FloatArray, FloatArray]]:
    """The result in parts that stay in a cache, each with its rows of the left and its matrices of the right operand."""
    batch, rows, places = max(len(left), len(right)), left.shape[1], right.shape[2]
    together = max(1, _TILE_ELEMENTS // max(1, rows * places))
    some_rows = max(1, min(rows, _TILE_ELEMENTS // max(1, places)))
    for first in range(0, batch, together):
        a, b = (values if len(values) == 1 else values[first : first + together] for values in (left, right))
        for top in range(0, rows, some_rows):
            part = slice(first, first + together), slice(top, top + some_rows)
            yield part, a[:, part[1]], b


def _add_products(total: FloatArray, left: FloatArray, right: FloatArray) -> None:
    by_step, product = np.ascontiguousarray(left.transpose(2, 0, 1)), np.empty_like(total)
    with np.errstate(all="ignore"):
        for step in range(len(by_step)):
            np.multiply(by_step[step][:, :, None], right[:, step, None], out=product)
            total += product


def fused_chains(start: Operand, left: FloatArray, right: FloatArray) -> FloatArray:
    """As `chains` of any fp32 values, each product and its sum one fused operation."""
    out = _begun(start, left, right)
    for part, a, b in _parts(left, right):
        by_step = np.ascontiguousarray(a.transpose(2, 0, 1), np.float64)
        fma32.add_products(out[part], by_step, b.swapaxes(0, 1).astype(np.float64), midpoints=True)
    return out


def lanes(count: int, left: FloatArray, right: FloatArray, chain: Chain = chains) -> list[FloatArray]:
    """As many accumulators begun at 0 as `count`; they take turns term by term."""
    return [chain(_ZERO, left[:, :, lane::count], right[:, lane::count]) for lane in range(count)]


def pair_chains(start: Operand, left: FloatArray, right: FloatArray) -> FloatArray:
    """As `chains` of bf16 values with the BF16 instructions, which add pairs of products and round to odd; `k` is even."""
    out = _begun(start, left, right)
    flush = may_be_subnormal(left, right)
    with np.errstate(all="ignore"):
        for part, a, b in _parts(left, right):
            total = out[part]
            for step in range(0, left.shape[2], 2):
                first, second = (a[:, :, j, None] * b[:, j, None] for j in (step, step + 1))
                total = add_to_odd(total, add_to_odd(first, second, flush=flush), flush=flush)
            out[part] = total
    return out
