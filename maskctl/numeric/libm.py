"""The C library's float functions, with which the engine computes what is left over from vectors.

exp, log and tanh are computed as the library does. The others are right to the last bit of fp32 nearly everywhere, so the
double precision functions, rounded, stand for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from maskctl.numeric import libm32
from maskctl.numeric.formats import FloatArray, Operand

Unary: TypeAlias = Callable[[Operand], FloatArray]
Binary: TypeAlias = Callable[[Operand, Operand], FloatArray]


def _unary(function: np.ufunc) -> Unary:
    def rounded(values: Operand) -> FloatArray:
        with np.errstate(all="ignore"):
            return np.asarray(function(np.asarray(values, np.float64)), np.float32)

    return rounded


def _binary(function: np.ufunc) -> Binary:
    def rounded(left: Operand, right: Operand) -> FloatArray:
        with np.errstate(all="ignore"):
            return np.asarray(function(np.asarray(left, np.float64), np.asarray(right, np.float64)), np.float32)

    return rounded


exp, log, tanh = libm32.exp, libm32.log, libm32.tanh
expm1, log10, log1p = (_unary(ufunc) for ufunc in (np.expm1, np.log10, np.log1p))
sin, cos, tan, asin, acos, atan = (_unary(ufunc) for ufunc in (np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan))
sinh, cosh, asinh, acosh, atanh = (_unary(ufunc) for ufunc in (np.sinh, np.cosh, np.arcsinh, np.arccosh, np.arctanh))
power, fmod, _exact_atan2 = (_binary(ufunc) for ufunc in (np.power, np.fmod, np.arctan2))

_PI, _PI_LOW = np.float32(np.pi), np.float32(np.pi - float(np.float32(np.pi)))


def atan2(left: Operand, right: Operand) -> FloatArray:
    """The angle of (right, left) as fdlibm finds it: atan of the quotient, which is rounded first, and then its quadrant."""
    up, along = np.broadcast_arrays(np.asarray(left, np.float32), np.asarray(right, np.float32))
    with np.errstate(all="ignore"):
        angle = atan(np.abs(up / along))
        turned = np.where(np.signbit(along), _PI - (angle - _PI_LOW), angle)
        is_plain = np.isfinite(up) & np.isfinite(along) & (up != 0) & (along != 0)
    return np.where(is_plain, np.copysign(turned, up), _exact_atan2(up, along))
