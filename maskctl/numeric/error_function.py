"""The error function and its complement, right to the last bits of fp32 everywhere, tails and tiny values included.

Source: M. M. Shepherd and J. G. Laframboise, "Chebyshev Approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < oo",
Mathematics of Computation 36 (1981), 249-253: one series for the whole half line. The terms kept here leave a relative
error of 1e-10; the arithmetic is in double precision, block by block so that it stays in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np, npt

Doubles: TypeAlias = "npt.NDArray[np.float64]"

_SERIES = (
    1.177578934567401754080,
    -4.590054580646477331e-3,
    -8.4249133366517915584e-2,
    5.9209939998191890498e-2,
    -2.6658668435305752277e-2,
    9.074997670705265094e-3,
    -2.413163540417608191e-3,
    4.90775836525808632e-4,
    -6.9169733025012064e-5,
    4.139027986073010e-6,
    7.74038306619849e-7,
    -2.18864010492344e-7,
    1.0764999465671e-8,
    4.521959811218e-9,
    -7.75440020883e-10,
)
_CENTRE = 3.75
_LAST = 30.0
"""From here on erfc is 0 in any format of this package."""

_NEAR_ZERO = 1 / 16
_SLOPE = 2 / math.sqrt(math.pi)
_BLOCK = 1 << 13


def erf(values: FloatArray) -> FloatArray:
    """The error function of each element; NaN stays NaN.

    >>> erf(np.float32([0, 1, -np.inf]))
    array([ 0.       ,  0.8427008, -1.       ], dtype=float32)
    """
    return _in_blocks(_erf, values)


def erfc(values: FloatArray) -> FloatArray:
    """1 minus the error function of each element, without the loss of that subtraction; NaN stays NaN.

    >>> erfc(np.float32([0, 2, -2]))
    array([1.        , 0.00467773, 1.9953222 ], dtype=float32)
    """
    return _in_blocks(_erfc, values)


def _in_blocks(function: Callable[[Doubles], Doubles], values: FloatArray) -> FloatArray:
    out: FloatArray = np.empty_like(values)
    blocks = np.nditer(
        [values, out],
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=[["readonly"], ["writeonly"]],
        op_dtypes=[np.float64, np.float32],
        casting="same_kind",
        buffersize=_BLOCK,
    )
    with np.errstate(all="ignore"), blocks:
        for read, written in blocks:
            written[...] = function(read)
    return out


@cache
def _powers() -> tuple[float, ...]:
    """The series as a polynomial, from the highest power down."""
    return tuple(float(term) for term in np.polynomial.chebyshev.cheb2poly(_SERIES)[::-1])


def _tail(magnitude: Doubles) -> Doubles:
    """The complement where x is not negative."""
    x = np.minimum(magnitude, _LAST)
    at = (x - _CENTRE) / (x + _CENTRE)
    highest, *others = _powers()
    total: Doubles = np.full_like(at, highest)
    for coefficient in others:
        total *= at
        total += coefficient
    total *= np.exp(-x * x)
    total /= 1 + 2 * x
    return total


def _erfc(x: Doubles) -> Doubles:
    tail = _tail(np.abs(x))
    return np.where(x < 0, 2 - tail, tail)


def _erf(x: Doubles) -> Doubles:
    square = x * x
    near = x * (_SLOPE * (1 + square * (-1 / 3 + square * (1 / 10))))
    return np.where(np.abs(x) < _NEAR_ZERO, near, np.copysign(1 - _tail(np.abs(x)), x))
