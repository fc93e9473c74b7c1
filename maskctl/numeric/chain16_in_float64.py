"""Chains of fp16 multiply-adds in float64.

A step forms `c + a*b` in float64. The product of two fp16 values has 22 significant bits, so it is exact; where the sum
is not exact, the product lies so far below the last bit of `c` (under 2**-20 of it) that no rounding error can reach a
midpoint of fp16.

Accumulators are (b, m, n), terms (k, b, m) and (k, b, n): b independent matrix products, step by step.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.formats import FloatArray

_SCALE = 2.0**-1008
_DROPPED = 42  # 53 significand bits of float64 less 11 of fp16
_HALF_LESS_ONE = np.int64((1 << (_DROPPED - 1)) - 1)
_KEPT = np.int64(-1 << _DROPPED)


def by_bits(start: FloatArray, by_step: FloatArray, columns: FloatArray) -> FloatArray:
    """Everything is kept times 2**-1008, where the subnormals of fp16 fall on those of float64: rounding adds an integer.

    No partial sum may reach 65504.
    """
    weights, scaled = by_step.astype(np.float64), columns.astype(np.float64) * _SCALE
    total = start.astype(np.float64) * _SCALE
    product = np.empty_like(total)
    carry = np.empty(total.shape, np.int64)
    for step in range(len(scaled)):
        np.multiply(weights[step][:, :, None], scaled[step][:, None, :], out=product)
        product += total
        bits = product.view(np.int64)
        np.right_shift(bits, _DROPPED, out=carry)
        carry &= 1
        carry += _HALF_LESS_ONE
        bits += carry
        bits &= _KEPT
        total, product = product, total
    return (total * 2.0**1008).astype(np.float32)


def by_cast(start: FloatArray, by_step: FloatArray, columns: FloatArray) -> FloatArray:
    """Rounded by casts to float16: right for every value."""
    return element_by_element(start, by_step[:, :, :, None], columns[:, :, None, :])


def element_by_element(start: FloatArray, weights: FloatArray, values: FloatArray) -> FloatArray:
    """Chains over axis 0 of `weights` and `values`, which broadcast to (k, *start.shape); right for every value."""
    with np.errstate(all="ignore"):
        total = start.astype(np.float64)
        for weight, value in zip(weights, values, strict=True):
            total = (weight.astype(np.float64) * value + total).astype(np.float16).astype(np.float64)
    return total.astype(np.float32)
