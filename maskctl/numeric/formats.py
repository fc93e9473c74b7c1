"""The storage formats of blobs and weights, one row each, and rounding to them.

Values are kept in float32 arrays whatever their format: every fp16 and bf16 value is a float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from maskctl.numeric.late import np, npt
from maskctl.numeric.round16 import round16

FloatArray: TypeAlias = "npt.NDArray[np.float32]"
Operand: TypeAlias = "FloatArray | np.float32 | float"
"""An array, or one number for all its elements."""


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: what it can hold and how a float32 is rounded to it."""

    name: str
    bits: int
    significand_bits: int
    largest: float
    smallest_normal: float
    smallest: float
    round: Callable[[FloatArray], FloatArray]


def _round_fp32(values: FloatArray) -> FloatArray:
    return values


def _round_bf16(values: FloatArray) -> FloatArray:
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    even = ((bits >> np.uint32(16)) & np.uint32(1)) + np.uint32(0x7FFF)
    rounded = (bits + even) & np.uint32(0xFFFF0000)
    # A NaN's payload must not be rounded into infinity or wrap around: keep a quiet NaN.
    return np.where(np.isnan(values), np.float32(np.nan), rounded.view(np.float32))


FP32 = Format("fp32", 32, 24, float.fromhex("0x1.fffffep127"), 2.0**-126, 2.0**-149, _round_fp32)
FP16 = Format("fp16", 16, 11, 65504.0, 2.0**-14, 2.0**-24, round16)
BF16 = Format("bf16", 16, 8, float.fromhex("0x1.fep127"), 2.0**-126, 2.0**-133, _round_bf16)

FORMATS = {row.name: row for row in (FP32, FP16, BF16)}


def round_to(values: FloatArray, name: str) -> FloatArray:
    """`values` rounded to nearest even in the named format, as float32; NaN stays NaN, overflow is infinite.

    >>> round_to(np.float32([65519, 65520, 2**-25, -0.0]), "fp16")
    array([65504.,    inf,     0.,    -0.], dtype=float32)
    """
    return FORMATS[name].round(values)


def same_bits(expected: FloatArray, actual: FloatArray) -> npt.NDArray[np.bool_]:
    """Where two arrays of one shape have the same bits; any NaN equals any other.

    >>> same_bits(np.float32([0, 0, np.nan]), np.float32([0, -0.0, -np.nan]))
    array([ True, False,  True])
    """
    left, right = (np.ascontiguousarray(values, np.float32) for values in (expected, actual))
    equal: npt.NDArray[np.bool_] = left.view(np.uint32) == right.view(np.uint32)
    return equal | (np.isnan(left) & np.isnan(right))


def half(value: float | np.float32) -> np.float32:
    """A number rounded to fp16.

    >>> float(half(0.1))
    0.0999755859375
    """
    return np.float32(np.float16(value))
