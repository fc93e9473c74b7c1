"""exp, tanh and sigmoid as the engine's fp32 vector code computes them inside other layers.

exp fuses what can be fused; the polynomials of tanh multiply and add. sigmoid takes the CPU's
estimate of a reciprocal and improves it twice. Source: ncnn `src/layer/arm/neon_mathfun.h`, `neon_mathfun_tanh.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.fma32 import fma
from maskctl.numeric.formats import FloatArray, Operand

_ONE, _TWO, _HALF, _ZERO = np.float32(1), np.float32(2), np.float32(0.5), np.float32(0)
_EXP_LIMIT = np.float32(88.3762626647949)
_LOG2E = np.float32(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_EXP = tuple(
    np.float32(value)
    for value in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)
_TANH_ABOVE = tuple(
    np.float32(value)
    for value in (
        *(-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8),
        *(1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3),
    )
)
_TANH_BELOW = tuple(
    np.float32(value) for value in (1.19825839466702e-6, 1.18534705686654e-4, 2.26843463243900e-3, 4.89352518554385e-3)
)
_TANH_LIMIT, _TANH_TINY = np.float32(9), np.float32(1e-4)


def exp(values: FloatArray) -> FloatArray:
    """The exponential, x kept within +-88.37; NaN passes."""
    x = np.maximum(np.minimum(values, _EXP_LIMIT), -_EXP_LIMIT)
    power = np.floor(fma(_HALF, x, _LOG2E))
    x = fma(fma(x, -power, _LN2_HIGH), -power, _LN2_LOW)
    factor = np.full_like(x, _EXP[0])
    for coefficient in _EXP[1:]:
        factor = fma(coefficient, factor, x)
    factor = fma(x, factor, x * x) + _ONE
    return factor * np.where(power <= -127, _ZERO, np.exp2(power))


def tanh(values: FloatArray) -> FloatArray:
    """The hyperbolic tangent: a rational polynomial of x within +-9; tiny x as they are."""
    size = np.abs(values)
    x = np.where(size <= _TANH_LIMIT, size, _TANH_LIMIT)
    square = x * x
    above, below = (_polynomial(numbers, square) for numbers in (_TANH_ABOVE, _TANH_BELOW))
    return np.where(size >= _TANH_TINY, np.copysign(above * x / below, values), values)


def _polynomial(numbers: tuple[np.float32, ...], at: FloatArray) -> FloatArray:
    total = np.full_like(at, numbers[0])
    for number in numbers[1:]:
        total = number + total * at
    return total


def sigmoid(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)): a reciprocal in two steps of Newton from an estimate of 8 bits."""
    return sigmoid_times(values, _ONE)


def sigmoid_times(values: FloatArray, factor: Operand, addend: Operand | None = None) -> FloatArray:
    """sigmoid times a factor, plus an addend in a fused operation.

    The compiler multiplies the factor with what the last step of Newton improves.
    """
    below = exp(-values) + _ONE
    found = _estimate(below)
    found = fma(_TWO, -below, found) * found
    step, scaled = fma(_TWO, -below, found), found * factor
    return step * scaled if addend is None else fma(addend, step, scaled)


def _estimate(values: FloatArray) -> FloatArray:
    """The CPU's own estimate of 1 / x (`frecpe`) for numbers from 1 on; from 2**126 on it is subnormal."""
    bits = np.ascontiguousarray(values).view(np.int32)
    top = (bits >> 15 & 0xFF) + 256
    nearest = ((1 << 19) // (2 * top + 1) + 1) // 2
    found = np.ldexp(nearest.astype(np.float64), 118 - (bits >> 23 & 0xFF)).astype(np.float32)
    return np.where(np.isfinite(values), found, np.where(np.isnan(values), values, _ZERO))
