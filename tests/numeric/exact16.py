"""fp16 arithmetic with fractions: no float ever rounds here, so that it can witness code where floats do."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

LARGEST = 65504


def round16(exact: Fraction) -> float:
    """The fp16 value nearest to a number that is not 0: ties to even, subnormals kept, overflow to infinity.

    >>> round16(Fraction(65519)), round16(Fraction(65520)), round16(Fraction(1, 2**25)), round16(Fraction(-3, 2**25))
    (65504.0, inf, 0.0, -1.1920928955078125e-07)
    """
    size = abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= size < Fraction(2) ** exponent
    quantum = Fraction(2) ** (max(exponent, -14) - 10)
    rounded = round(size / quantum) * quantum
    return math.copysign(float(rounded) if rounded <= LARGEST else math.inf, exact)


def fma16(addend: float, left: float, right: float) -> float:
    """`addend + left*right` of three fp16 values, rounded once.

    A result that is exactly zero, infinite or NaN takes its sign and kind from Python's floats, which are exact there.
    """
    if all(map(math.isfinite, (addend, left, right))):
        exact = Fraction(addend) + Fraction(left) * Fraction(right)
        if exact:
            return round16(exact)
    return addend + left * right


def chain16(start: float, weights: list[float], column: list[float]) -> float:
    """One accumulator over a row and a column."""
    for left, right in zip(weights, column, strict=True):
        start = fma16(start, left, right)
    return start


def matrix16(
    start: npt.NDArray[np.float32], weights: npt.NDArray[np.float32], columns: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """One accumulator for each row and column; `start` is (m, n)."""
    rows = [
        [chain16(begin, row, column) for begin, column in zip(begins, columns.T.tolist(), strict=True)]
        for begins, row in zip(start.tolist(), weights.tolist(), strict=True)
    ]
    return np.array(rows, np.float32).reshape(start.shape)


def f32(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Numbers as an array of float32."""
    return np.array(values, np.float32)


def bits(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
    """The bits of float32 values, all NaN made one."""
    plain = np.where(np.isnan(values), np.float32(np.nan), values).astype(np.float32)
    return plain.view(np.uint32)


def every_finite16() -> npt.NDArray[np.float32]:
    """The 63,488 finite fp16 values as float32, from the code book and not from a cast."""
    codes = np.arange(1 << 15, dtype=np.int64)
    exponents, fractions = codes >> 10, codes & 1023
    sizes = np.where(exponents > 0, np.ldexp(fractions + 1024.0, exponents - 25), np.ldexp(fractions * 1.0, -24))
    sizes = sizes[exponents < 31]
    return np.concatenate([sizes, -sizes]).astype(np.float32)
