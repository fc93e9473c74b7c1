"""Exact fp16 arithmetic: fused multiply-adds, each rounded to fp16, one by one and in chains over whole matrices.

`F(c; a, b) = RN16(c + a*b)` with an exact product and one rounding to nearest even is what an Armv8.2
`fmla` on half-precision lanes computes. Values travel as float32 arrays of fp16 values.
"""

from __future__ import annotations

import math

import numpy as np

from maskctl.numeric import chain16
from maskctl.numeric.formats import FloatArray, Operand, round_to
from maskctl.numeric.round16 import round16


def fma(addend: Operand, left: Operand, right: Operand) -> FloatArray:
    """RN16(addend + left*right), element by element with broadcasting.

    >>> fma(np.float32(1), np.float32([2**-11, 2**-11]), np.float32([1, 1.5]))
    array([1.       , 1.0009766], dtype=float32)
    """
    with np.errstate(all="ignore"):
        return round16(np.asarray(np.asarray(left, np.float64) * right + addend))


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
        weights, columns, steps = weights[..., 1:], columns[..., 1:, :], steps - 1
    start = np.broadcast_to(np.asarray(start, np.float32), (*leading, height, width))
    batch = math.prod(leading)
    left = np.moveaxis(weights.reshape(batch, height, steps), -1, 0)
    right = columns.reshape(batch, steps, width)
    found = chain16.sums(start.reshape(batch, height, width), np.ascontiguousarray(left), right)
    return found.reshape(start.shape)


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
