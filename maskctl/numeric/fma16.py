"""Exact fp16 arithmetic: chains of fused multiply-adds, each rounded to fp16, over whole matrices.

`F(c; a, b) = RN16(c + a*b)` with an exact product and one rounding to nearest even is what an Armv8.2
`fmla` on half-precision lanes computes. Values travel as float32 arrays of fp16 values.

`chain` has three ways that give the same bits:

- `chain16_in_float32` works in float32 and sets ties right afterwards: the fastest where ties are rare, as they are between numbers
  with all their bits;
- `chain16_in_float64.by_bits` works in float64: where ties are many;
- `chain16_in_float64.by_cast` rounds by casting to float16: right for every value, infinities and NaN included.

The first two cannot overflow to infinity, so they are used where the sum of magnitudes proves that no partial sum reaches
65504.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from maskctl.numeric import chain16_in_float32, chain16_in_float64
from maskctl.numeric.formats import FP16, FloatArray, Operand, round_to

_TILE_ELEMENTS = 49152  # four float32 arrays of this size stay in a core's L2 cache
_LONG_ROW = 4096


def fma(addend: Operand, left: Operand, right: Operand) -> FloatArray:
    """RN16(addend + left*right), element by element with broadcasting.

    >>> fma(np.float32(1), np.float32([2**-11, 2**-11]), np.float32([1, 1.5]))
    array([1.       , 1.0009766], dtype=float32)
    """
    with np.errstate(all="ignore"):
        total = np.asarray(left, np.float64) * right + addend
        return total.astype(np.float16).astype(np.float32)


def add(left: Operand, right: Operand) -> FloatArray:
    """RN16(left + right); the float32 sum in between rounds too finely to move the result."""
    with np.errstate(all="ignore"):
        return round_to(np.asarray(left + right, np.float32), "fp16")


def subtract(left: Operand, right: Operand) -> FloatArray:
    """RN16(left - right)."""
    return add(left, -right)


def multiply(left: Operand, right: Operand) -> FloatArray:
    """RN16(left * right)."""
    with np.errstate(all="ignore"):
        return round_to(np.asarray(left * right, np.float32), "fp16")


def chain(start: FloatArray | None, weights: FloatArray, columns: FloatArray) -> FloatArray:
    """One fp16 accumulator for each (row, column): the matrix product summed in the order of `k`.

    `weights` is (…, m, k), `columns` is (…, k, n), both of fp16 values; leading axes number independent products. `start`
    broadcasts to (…, m, n); where it is None, the accumulator starts with the rounded first product. Returns (…, m, n).
    Overflow gives infinity and then what IEEE 754 makes of it, as on the device.
    """
    *leading, height, steps = weights.shape
    width = columns.shape[-1]
    if start is None:
        if not steps:
            return np.zeros((*leading, height, width), np.float32)
        start = multiply(weights[..., :1], columns[..., :1, :])
        weights, columns = weights[..., 1:], columns[..., 1:, :]
    start = np.broadcast_to(np.asarray(start, np.float32), (*leading, height, width))
    if width < height:  # long rows are faster, and a product has no sides
        return _chain(start.swapaxes(-1, -2), columns.swapaxes(-1, -2), weights.swapaxes(-1, -2)).swapaxes(-1, -2)
    return _chain(start, weights, columns)


def _chain(start: FloatArray, weights: FloatArray, columns: FloatArray) -> FloatArray:
    """As `chain`; a NaN among its terms makes a sum NaN, so that only the others need be computed."""
    *leading, height, steps = weights.shape
    width, batch = columns.shape[-1], math.prod(leading)
    left = np.moveaxis(weights.reshape(batch, height, steps), -1, 0)
    right = np.moveaxis(columns.reshape(batch, steps, width), 1, 0)
    odd = np.asarray(np.isnan(left).any(axis=0)), np.asarray(np.isnan(right).any(axis=0))
    left, right = (np.ascontiguousarray(np.where(np.isnan(side), np.float32(0), side)) for side in (left, right))
    begun, out = start.reshape(batch, height, width), np.empty((batch, height, width), np.float32)
    previous = np.setbufsize(16)  # numpy copies outer products through its buffer when that is large: 2x slower
    try:
        for which, rows, places in _tiles(batch, height, width):
            tile = begun[which, rows, places], left[:, which, rows], right[:, which, places]
            run = _bounded if _cannot_overflow(*tile) else chain16_in_float64.by_cast
            out[which, rows, places] = run(*tile)
    finally:
        np.setbufsize(previous)
    out[odd[0][:, :, None] | odd[1][:, None, :]] = np.nan
    return out.reshape(start.shape)


def chains(start: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """As `chain` for batches of matrices: left (b, m, k), right (b, k, n), start that broadcasts to (b, m, n).

    One matrix on either side serves the whole batch. Returns (b, m, n).
    """
    batch, (rows, steps), places = max(len(left), len(right)), left.shape[1:], right.shape[2]
    start = np.broadcast_to(start, (batch, rows, places))
    if not start.size or not steps:
        return start.copy()
    if len(right) == 1 and len(left) == batch:
        return chain(start.reshape(-1, places), left.reshape(-1, steps), right[0]).reshape(start.shape)
    if len(left) == 1:
        aside = start.transpose(1, 0, 2).reshape(rows, -1)
        found = chain(aside, left[0], right.transpose(1, 0, 2).reshape(steps, -1))
        return np.ascontiguousarray(found.reshape(rows, batch, places).transpose(1, 0, 2))
    return chain(start, left, right)


def chain_in_float32(start: FloatArray, weights: FloatArray, columns: FloatArray) -> FloatArray:
    """As `chain` in scalar code: each sum is rounded to float32 first and then to fp16, so that ties move now and then."""
    total: FloatArray = np.asarray(start, np.float32)
    with np.errstate(all="ignore"):
        for step in range(columns.shape[-2]):
            wide = total + weights[..., step, None].astype(np.float64) * columns[..., step, None, :]
            total = round_to(wide.astype(np.float32), "fp16")
    return np.broadcast_to(total, (*total.shape[:-2], weights.shape[-2], columns.shape[-1]))


def _tiles(batch: int, height: int, width: int) -> Iterator[tuple[slice, slice, slice]]:
    """Parts of (batch, height, width) of at most `_TILE_ELEMENTS`, rows as long as can be."""
    places = max(1, min(width, _LONG_ROW))
    rows = max(1, min(height, _TILE_ELEMENTS // places))
    which = max(1, min(batch, _TILE_ELEMENTS // (places * rows)))
    for first in range(0, batch, which):
        for top in range(0, height, rows):
            for left in range(0, width, places):
                yield slice(first, first + which), slice(top, top + rows), slice(left, left + places)


def _cannot_overflow(start: FloatArray, by_step: FloatArray, columns: FloatArray) -> bool:
    """True when no partial sum of the tile can reach 65504, whatever the order of its terms."""
    with np.errstate(all="ignore"):
        # Each of the k roundings grows the sum by at most 2**-11 of it; 1 % more covers float32's own rounding here.
        growth = np.float64(1 + 2.0**-11) ** len(columns)  # infinite for very long chains, where Python's would raise
        limit = FP16.largest / (1.01 * growth)
        weights, values = np.abs(by_step).transpose(1, 2, 0), np.abs(columns).swapaxes(0, 1)
        begun = np.max(np.abs(start), initial=0.0)
        # The largest value of each step bounds its products in all columns at once: cheap, and mostly enough.
        most = weights @ np.max(values, axis=2, initial=0.0)[:, :, None]
        if np.max(most, initial=0.0) + begun < limit:
            return True
        return bool(np.max(weights @ values, initial=0.0) + begun < limit)


def _bounded(start: FloatArray, by_step: FloatArray, columns: FloatArray) -> FloatArray:
    total, done = chain16_in_float32.chain(start, by_step, columns)
    return total if done == len(columns) else chain16_in_float64.by_bits(total, by_step[done:], columns[done:])
