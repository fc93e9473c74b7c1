"""Exact fp32 sums of fp16 products in a given order, over whole matrices.

The product of two fp16 values has 22 significant bits and lies between 2**-48 and 2**32 in magnitude, so float32 holds
it exactly. A fused multiply-add and a multiplication followed by an addition therefore give the same bits, and numpy's
float32 arithmetic is the engine's. What matters is the order of the additions alone.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.formats import FloatArray

_TILE_ELEMENTS = 65536  # two float32 arrays of this size stay in a core's L2 cache


def chain(start: FloatArray, weights: FloatArray, columns: FloatArray) -> FloatArray:
    """One fp32 accumulator for each (row, column): the matrix product summed in the order of `k`.

    `weights` is (m, k), `columns` is (k, n), both of fp16 values. `start` broadcasts to (m, n). Returns (m, n).
    """
    height, width = len(weights), columns.shape[1]
    out = np.empty((height, width), np.float32)
    out[...] = start
    by_step = np.ascontiguousarray(weights.T)
    rows = max(1, min(height, _TILE_ELEMENTS // max(1, min(width, 2048))))
    places = max(1, _TILE_ELEMENTS // rows)
    previous = np.setbufsize(16)  # numpy copies outer products through its buffer when that is large: 2x slower
    try:
        with np.errstate(all="ignore"):
            for top in range(0, height, rows):
                for left in range(0, width, places):
                    tile = (slice(top, top + rows), slice(left, left + places))
                    out[tile] = _tile(out[tile], by_step[:, tile[0]], columns[:, tile[1]])
    finally:
        np.setbufsize(previous)
    return out


def _tile(start: FloatArray, by_step: FloatArray, columns: FloatArray) -> FloatArray:
    total = np.ascontiguousarray(start)
    product = np.empty_like(total)
    for weight, values in zip(by_step, columns, strict=True):
        np.multiply(weight[:, None], values[None, :], out=product)
        total += product
    return total


def accumulators(start: FloatArray, weights: FloatArray, columns: FloatArray) -> list[FloatArray]:
    """Term i adds to accumulator i mod 4, the terms left over from fours to the first; that one begins at `start`."""
    count = weights.shape[1]
    index = np.arange(count)
    lane = np.where(index < count // 4 * 4, index % 4, 0)
    zero = np.zeros_like(start)
    begun = (start, zero, zero, zero)
    return [chain(begun[j], weights[:, lane == j], columns[lane == j]) for j in range(4)]


def lanes(weights: FloatArray, columns: FloatArray, count: int) -> list[FloatArray]:
    """The lanes of a vector: lane j sums the terms j, j + count, … from 0."""
    zero = np.zeros((len(weights), 1), np.float32)
    return [chain(zero, weights[:, lane::count], columns[lane::count]) for lane in range(count)]


def joined(sums: list[FloatArray]) -> FloatArray:
    """(s0 + s1) + (s2 + s3), which is how the engine joins four accumulators and the lanes of a vector."""
    with np.errstate(all="ignore"):
        return (sums[0] + sums[1]) + (sums[2] + sums[3])
