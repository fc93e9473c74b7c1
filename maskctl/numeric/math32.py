"""Steps of the engine's fp32 vector code that numpy has no word for: fused operations, and 1 / sqrt by an estimate.

Source: Arm Architecture Reference Manual, `RecipSqrtEstimate` and FRSQRTS.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.formats import FloatArray, Operand

_SMALLEST_NORMAL = np.float32(2.0**-126)


def fma(addend: Operand, left: Operand, right: Operand) -> FloatArray:
    """RN32(addend + left * right); the sum in float64 moves a result once in 2**29.

    >>> fma(np.float32(-1), np.float32([1 + 2**-23]), np.float32(1 - 2**-23))
    array([-1.4210855e-14], dtype=float32)
    """
    with np.errstate(all="ignore"):
        total = np.asarray(left, np.float64) * right + addend
        return np.asarray(total, np.float64).astype(np.float32)


def chain_of_squares(terms: FloatArray) -> FloatArray:
    """The squares along axis 0 added up one by one, begun at 0, each product rounded before it is added."""
    with np.errstate(all="ignore"):
        return chain_of_sums(terms * terms)


def chain_of_fused_squares(terms: FloatArray, start: Operand = 0) -> FloatArray:
    """As `chain_of_squares`, begun at `start`, each product and its sum one fused operation."""
    total: FloatArray = np.full(terms.shape[1:], start, np.float32)
    wide = np.empty(terms.shape[1:], np.float64)
    with np.errstate(all="ignore"):
        for square in np.square(terms.astype(np.float64)):
            np.add(total, square, out=wide)
            total[...] = wide
    return total


def chain_of_sums(terms: FloatArray) -> FloatArray:
    """The terms along axis 0 added up one by one, begun at 0."""
    if not len(terms):
        return np.zeros(terms.shape[1:], np.float32)
    with np.errstate(all="ignore"):
        total: FloatArray = np.add.accumulate(terms, 0, np.float32)[-1] + np.float32(0)
    return total


def _roots() -> FloatArray:
    """The CPU's table of 1 / sqrt(x) for x in [0.25, 1), by its first 9 bits from 128 on."""
    index = np.arange(128, 512)
    scaled = np.where(index < 256, index * 2 + 1, (index | 1) * 2)
    guess = np.full(len(index), 512)
    while (low := scaled * (guess + 1) ** 2 < 1 << 28).any():
        guess += low
    return ((guess + 1) // 2 / 256).astype(np.float32)


_ROOTS = _roots()


def _root_estimate(values: FloatArray) -> FloatArray:
    """FRSQRTE: NaN below 0; infinite at the zeros, and below the normal numbers, which are taken for zeros."""
    with np.errstate(all="ignore"):
        fraction, exponent = np.frexp(values)
        is_odd = exponent % 2 != 0
        fraction, exponent = np.where(is_odd, fraction / 2, fraction), exponent + is_odd
        index = np.nan_to_num(fraction * 512, nan=128, posinf=128).astype(np.int64).clip(128, 511) - 128
        found = np.ldexp(_ROOTS[index], -exponent // 2).astype(np.float32)
        found = np.where(np.isinf(values), np.float32(0), found)
        found = np.where(np.abs(values) < _SMALLEST_NORMAL, np.copysign(np.float32(np.inf), values), found)
        return np.where(values <= -_SMALLEST_NORMAL, np.float32(np.nan), np.where(np.isnan(values), values, found))


def reciprocal_root(values: FloatArray, steps: int) -> FloatArray:
    """1 / sqrt(x) by the CPU's estimate of 8 bits and so many steps of Newton."""
    found = _root_estimate(values)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            left = values * found
            step = fma(np.float32(1.5), -left, found * np.float32(0.5))
            is_lost = (np.isinf(left) & (found == 0)) | ((left == 0) & np.isinf(found))
            found = np.where(is_lost, np.float32(1.5), step) * found
    return found
