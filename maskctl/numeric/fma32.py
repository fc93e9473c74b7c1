"""Fused multiply-adds of fp32 lanes: an exact product, one rounding of the sum to float32.

The product of two float32 values has 48 significant bits and is exact in float64. The sum is rounded to float64 and then to
float32; that differs from one rounding only where the first lands on a midpoint of float32, once in some 2**29 sums. Where
factors have few bits and sums begin with terms of very different size it is far more often: `add_products` can look for it.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.numeric.formats import FloatArray, Operand

Doubles: TypeAlias = npt.NDArray[np.float64]

_TILE_ELEMENTS = 32768
_BELOW_FLOAT32, _MIDPOINT = (1 << 29) - 1, 1 << 28
"""The bits of a float64 that float32 does not have, and what they are halfway between two float32 values."""


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
    wide = columns.astype(np.float64)
    for top in range(0, len(out), rows):
        add_products(out[top : top + rows], by_step[:, top : top + rows], wide)
    return out


def add_products(total: FloatArray, by_step: Doubles, columns: Doubles, *, midpoints: bool = False) -> None:
    """Adds products to `total` (…, m, n) in place, step after step: `by_step` is (k, …, m) and `columns` (k, …, n).

    With `midpoints` sums that float64 rounds to a midpoint of float32 are rounded from what they exactly are.
    """
    product = np.empty(total.shape, np.float64)
    wide = np.empty_like(product) if midpoints else product
    with np.errstate(all="ignore"):
        for weight, values in zip(by_step, columns, strict=True):
            np.multiply(weight[..., None], values[..., None, :], out=product)
            np.add(product, total, out=wide)
            if midpoints:
                _leave_midpoints(wide, product, total)
            np.copyto(total, wide, casting="same_kind")


def _leave_midpoints(wide: Doubles, product: Doubles, total: FloatArray) -> None:
    """Moves sums at a midpoint of float32 by one step of float64 to the side on which product + total exactly lies."""
    here = (wide.view(np.int64) & _BELOW_FLOAT32) == _MIDPOINT
    if not here.any():
        return
    near, first, second = wide[here], product[here], total[here]
    share = near - first
    lost = (first - (near - share)) + (second - share)
    wide[here] = np.where(lost == 0, near, np.nextafter(near, np.copysign(np.inf, lost)))
