"""Chains of fp16 multiply-adds in float64.

A step forms `c + a*b` in float64. The product of two fp16 values has 22 significant bits, so it is exact; where the sum
is not exact, the product lies so far below the last bit of `c` (under 2**-20 of it) that no rounding error can reach a
midpoint of fp16.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from maskctl.numeric.formats import FloatArray

# Arrays without axes: numpy takes them quicker than scalars.
_SCALE = np.array(2.0**-1008)
_DROPPED = np.array(42)  # 53 significand bits of float64 less 11 of fp16
_ONE = np.array(1)
_HALF_LESS_ONE = np.array((1 << 41) - 1)
_KEPT = np.array(-1 << 42)


def by_bits(start: FloatArray, products: Iterable[npt.NDArray[np.float64]]) -> FloatArray:
    """The sums of each step's exact products on top of `start`, all of one shape; the products are written to.

    Everything is kept times 2**-1008, where the subnormals of fp16 fall on those of float64: rounding adds an integer.
    No partial sum may reach 65504.
    """
    total = start.astype(np.float64) * _SCALE
    kept, carry = total.view(np.int64), np.empty(total.shape, np.int64)
    for product in products:
        np.multiply(product, _SCALE, out=product)
        np.add(product, total, out=product)
        bits = product.view(np.int64)
        np.right_shift(bits, _DROPPED, out=carry)
        np.bitwise_and(carry, _ONE, out=carry)
        np.add(carry, _HALF_LESS_ONE, out=carry)
        np.add(bits, carry, out=bits)
        np.bitwise_and(bits, _KEPT, out=kept)
    total *= 2.0**1008
    rounded: FloatArray = total.astype(np.float32)
    return rounded


def by_cast(start: FloatArray, weights: FloatArray, values: FloatArray) -> FloatArray:
    """Chains over axis 0 of `weights` and `values`, which broadcast to (k, *start.shape), each sum cast to float16.

    Right for every value, infinities and NaN included.
    """
    with np.errstate(all="ignore"):
        total = start.astype(np.float64)
        for weight, value in zip(weights, values, strict=True):
            total = (weight.astype(np.float64) * value + total).astype(np.float16).astype(np.float64)
    return total.astype(np.float32)
