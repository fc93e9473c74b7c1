"""Fused multiply-adds of fp32 lanes: an exact product, one rounding of the sum to float32.

The product of two float32 values has 48 significant bits and is exact in float64. The sum is rounded to float64 and then to
float32; that differs from one rounding only where the first lands on a midpoint of float32, once in some 2**29 sums.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.formats import FloatArray, Operand

_TILE_ELEMENTS = 32768


def fma(addend: Operand, left: Operand, right: Operand) -> FloatArray:
    """addend + left*right rounded once to float32, element by element with broadcasting.

    >>> fma(np.float32([-1]), np.float32([1 + 2**-12]), np.float32([1 + 2**-12])) == 2.0**-11 + 2.0**-24
    array([ True])
    """
    with np.errstate(all="ignore"):
        return np.asarray(np.asarray(left, np.float64) * right + addend).astype(np.float32)


def chain(weights: FloatArray, columns: FloatArray, start: FloatArray | None = None) -> FloatArray:
    """One accumulator for each (row, column): the product of (m, k) and (k, n) summed in the order of `k`, from `start` or 0."""
    out = np.zeros((weights.shape[0], columns.shape[1]), np.float32)
    if start is not None:
        out[:] = start
    by_step = np.ascontiguousarray(weights.T, np.float64)
    rows = max(1, _TILE_ELEMENTS // max(1, columns.shape[1]))
    with np.errstate(all="ignore"):
        wide = columns.astype(np.float64)
        for top in range(0, len(out), rows):
            total = out[top : top + rows]
            product = np.empty(total.shape, np.float64)
            for step in range(len(wide)):
                np.multiply(by_step[step, top : top + rows, None], wide[step], out=product)
                product += total
                np.copyto(total, product, casting="same_kind")
    return out
