"""Exact fp16 arithmetic: chains of fused multiply-adds, each rounded to fp16, over whole matrices.

`F(c; a, b) = RN16(c + a*b)` with an exact product and one rounding to nearest even is what an Armv8.2
`fmla` on half-precision lanes computes. Values travel as float32 arrays of fp16 values.

Two ways give the same bits. Both form `c + a*b` in float64. The product of two fp16 values has 22
significant bits, so it is exact; where the sum is not exact, the product lies so far below the last bit
of `c` (under 2**-20 of it) that no rounding error can reach a midpoint of fp16.

- `_chain_by_cast` rounds by casting to float16: right for every value, infinities and NaN included.
- `_chain_by_bits` keeps everything times 2**-1008. There the subnormals of fp16 fall on the subnormals of
  float64, so that rounding is one integer addition on the bits. It cannot overflow to infinity, so it is
  used where the sum of magnitudes proves that no partial sum reaches 65504.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from maskctl.numeric.formats import FP16, FloatArray, Operand, round_to

_SCALE = 2.0**-1008
_DROPPED = 42  # 53 significand bits of float64 less 11 of fp16
_HALF_LESS_ONE = np.int64((1 << (_DROPPED - 1)) - 1)
_KEPT = np.int64(-1 << _DROPPED)
_TILE_ELEMENTS = 32768  # three float64 arrays of this size stay in a core's L2 cache
_LONG_ROW = 2048
_BLOCK_ROWS = 64


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

    `weights` is (m, k), `columns` is (k, n), both of fp16 values. `start` broadcasts to (m, n); where it is
    None, the accumulator starts with the rounded first product. Returns (m, n). Overflow gives infinity and
    then what IEEE 754 makes of it, as on the device.
    """
    if start is None:
        if not weights.shape[1]:
            return np.zeros((weights.shape[0], columns.shape[1]), np.float32)
        start = multiply(weights[:, :1], columns[:1])
        weights, columns = weights[:, 1:], columns[1:]
    shape = (weights.shape[0], columns.shape[1])
    start = np.broadcast_to(np.asarray(start, np.float32), shape)
    out = np.full(shape, np.nan, np.float32)
    whole = ~np.isnan(columns).any(axis=0)
    if not whole.all():  # a NaN among its terms makes a sum NaN: behind an overflow that is most of a network
        if whole.any():
            out[:, whole] = chain(start[:, whole], weights, columns[:, whole])
        return out
    with np.errstate(invalid="ignore"):  # a signalling NaN
        by_step = np.ascontiguousarray(weights.T, np.float64)
    previous = np.setbufsize(16)  # numpy copies outer products through its buffer when that is large: 2x slower
    try:
        for rows, places in _tiles(*shape):
            tile = start[rows, places], by_step[:, rows], columns[:, places]
            run = _chain_by_bits if _cannot_overflow(*tile) else _chain_by_cast
            out[rows, places] = run(*tile)
    finally:
        np.setbufsize(previous)
    return out


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
    out = np.empty(start.shape, np.float32)
    together = max(1, _TILE_ELEMENTS // max(1, rows * places))
    for begin in range(0, batch, together):
        some = slice(begin, begin + together)
        if together == 1:
            out[begin] = chain(start[begin], left[begin], right[begin])
        else:
            tile = start[some], left[some].transpose(2, 0, 1).astype(np.float64), right[some].transpose(1, 0, 2)
            run = _chain_by_bits if _cannot_overflow(*tile) else _chain_by_cast
            out[some] = run(*tile)
    return out


def chain_in_float32(start: FloatArray, weights: FloatArray, columns: FloatArray) -> FloatArray:
    """As `chain` in scalar code: each sum is rounded to float32 first and then to fp16, so that ties move now and then.

    Weights (…, m, k) and columns (…, k, n) may be batches of matrices.
    """
    total: FloatArray = np.asarray(start, np.float32)
    with np.errstate(all="ignore"):
        for step in range(columns.shape[-2]):
            wide = total + weights[..., step, None].astype(np.float64) * columns[..., step, None, :]
            total = round_to(wide.astype(np.float32), "fp16")
    return np.broadcast_to(total, (*total.shape[:-2], weights.shape[-2], columns.shape[-1]))


def _tiles(height: int, width: int) -> list[tuple[slice, slice]]:
    rows = height if width < _LONG_ROW else min(height, _BLOCK_ROWS)
    rows = max(1, min(rows, _TILE_ELEMENTS // max(1, min(width, _LONG_ROW // 4))))
    places = max(1, _TILE_ELEMENTS // rows)
    return [
        (slice(top, min(top + rows, height)), slice(left, min(left + places, width)))
        for top in range(0, height, rows)
        for left in range(0, width, places)
    ]


def _cannot_overflow(start: FloatArray, by_step: npt.NDArray[np.float64], columns: FloatArray) -> bool:
    """True when no partial sum of the tile can reach 65504, whatever the order of its terms."""
    with np.errstate(all="ignore"):
        # Each of the k roundings grows the sum by at most 2**-11 of it; 1 % more covers float32's own rounding here.
        growth = np.float64(1 + 2.0**-11) ** len(columns)  # infinite for very long chains, where Python's would raise
        limit = FP16.largest / (1.01 * growth)
        begun = np.max(np.abs(start), initial=0.0)
        if columns.ndim > 2:
            weights, values = np.abs(np.moveaxis(by_step, 0, -1)), np.abs(np.moveaxis(columns, 0, -2))
            return bool(np.max(weights.astype(np.float32) @ values, initial=0.0) + begun < limit)
        weights, values = np.abs(by_step.T), np.abs(columns)
        # The largest value of each step bounds its products in all columns at once: cheap, and mostly enough.
        if np.max(weights @ np.max(values, axis=1, initial=0.0), initial=0.0) + begun < limit:
            return True
        return bool(np.max(weights.astype(np.float32) @ values, initial=0.0) + begun < limit)


def _chain_by_bits(start: FloatArray, by_step: npt.NDArray[np.float64], columns: FloatArray) -> FloatArray:
    scaled = columns.astype(np.float64) * _SCALE
    total = start.astype(np.float64) * _SCALE
    product = np.empty_like(total)
    carry = np.empty(total.shape, np.int64)
    for step in range(len(scaled)):
        np.multiply(by_step[step][..., None], scaled[step][..., None, :], out=product)
        product += total
        bits = product.view(np.int64)
        np.right_shift(bits, _DROPPED, out=carry)
        carry &= 1
        carry += _HALF_LESS_ONE
        bits += carry
        bits &= _KEPT
        total, product = product, total
    return (total * 2.0**1008).astype(np.float32)


def _chain_by_cast(start: FloatArray, by_step: npt.NDArray[np.float64], columns: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        wide = columns.astype(np.float64)
        total = start.astype(np.float64)
        for step in range(len(wide)):
            product = by_step[step][..., None] * wide[step][..., None, :]
            product += total
            total = product.astype(np.float16).astype(np.float64)
    return total.astype(np.float32)
