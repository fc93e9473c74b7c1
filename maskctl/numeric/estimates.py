"""The reciprocals of vector code: an estimate of 8 bits by table, and a step that refines it.

Source: Arm Architecture Reference Manual, `RecipEstimate`, `RecipSqrtEstimate`, FRECPS and FRSQRTS.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from maskctl.numeric.formats import FORMATS, FloatArray
from maskctl.numeric.lanes import Lanes

_TWO, _THREE_HALVES = np.float32(2), np.float32(1.5)


def _reciprocals() -> FloatArray:
    """The table of 1 / x for x in [1, 2), by the first 8 bits of its fraction, as numbers in (0.5, 1]."""
    doubled = np.arange(256, 512) * 2 + 1
    return (((1 << 19) // doubled + 1) // 2 / 512).astype(np.float32)


def _roots() -> FloatArray:
    """The table of 1 / sqrt(x) for x in [0.25, 1), by its first 9 bits, from 128 on, as numbers in [1, 2)."""
    index = np.arange(128, 512)
    scaled = np.where(index < 256, index * 2 + 1, ((index >> 1 << 1) + 1) * 2)
    guess = np.full(len(index), 512)
    while (low := scaled * (guess + 1) ** 2 < 1 << 28).any():
        guess += low
    return ((guess + 1) // 2 / 256).astype(np.float32)


_RECIPROCALS, _ROOTS = _reciprocals(), _roots()


def reciprocal_estimate(lanes: Lanes, values: FloatArray) -> FloatArray:
    """FRECPE: infinity where 1 / x would be past the largest number."""
    with np.errstate(all="ignore"):
        fraction, exponent = np.frexp(np.abs(values))
        index = np.nan_to_num(fraction * 512, nan=256, posinf=256).astype(np.int64).clip(256, 511) - 256
        found = np.ldexp(_RECIPROCALS[index], 1 - exponent).astype(np.float32)
        found = np.where(np.abs(values) < FORMATS[lanes.name].smallest_normal / 4, np.float32(np.inf), found)
        found = np.where(np.isinf(values), np.float32(0), found)
        return np.where(np.isnan(values), values, np.copysign(found, values))


def root_estimate(values: FloatArray) -> FloatArray:
    """FRSQRTE: NaN below 0, infinite at the zeros."""
    with np.errstate(all="ignore"):
        fraction, exponent = np.frexp(np.abs(values))
        is_odd = exponent % 2 != 0
        fraction, exponent = np.where(is_odd, fraction / 2, fraction), exponent + is_odd
        index = np.nan_to_num(fraction * 512, nan=128, posinf=128).astype(np.int64).clip(128, 511) - 128
        found = np.ldexp(_ROOTS[index], -exponent // 2).astype(np.float32)
        found = np.where(np.isinf(values), np.float32(0), found)
        found = np.where(values == 0, np.copysign(np.float32(np.inf), values), found)
        return np.where(values < 0, np.float32(np.nan), np.where(np.isnan(values), values, found))


def _two_less(lanes: Lanes, left: FloatArray, right: FloatArray) -> FloatArray:
    """FRECPS: 2 - left * right; 2 for infinity times 0."""
    return np.where(_is_infinity_times_zero(left, right), _TWO, lanes.fma(_TWO, -left, right))


def _half_of_three_less(lanes: Lanes, left: FloatArray, right: FloatArray) -> FloatArray:
    """FRSQRTS: (3 - left * right) / 2 with one rounding; 1.5 for infinity times 0."""
    found = lanes.fma(_THREE_HALVES, -left, right * np.float32(0.5))
    return np.where(_is_infinity_times_zero(left, right), _THREE_HALVES, found)


def _is_infinity_times_zero(left: FloatArray, right: FloatArray) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (np.isinf(left) & (right == 0)) | ((left == 0) & np.isinf(right))
    return found


def reciprocal(lanes: Lanes, values: FloatArray, steps: int = 1) -> FloatArray:
    """1 / x by the estimate and so many steps."""
    found = reciprocal_estimate(lanes, values)
    for _ in range(steps):
        found = lanes.multiply(_two_less(lanes, values, found), found)
    return found


def reciprocal_root(lanes: Lanes, values: FloatArray, steps: int = 1) -> FloatArray:
    """1 / sqrt(x) by the estimate and so many steps."""
    found = root_estimate(values)
    for _ in range(steps):
        found = lanes.multiply(_half_of_three_less(lanes, lanes.multiply(values, found), found), found)
    return found
