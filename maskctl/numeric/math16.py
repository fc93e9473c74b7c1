"""exp and what is built on it as the engine's fp16 code computes them: a polynomial, rounded at every step.

Source: ncnn `src/layer/arm/neon_mathfun_fp16s.h` (`exp_ps_f16`, the Cephes polynomial).
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric import fma16
from maskctl.numeric.formats import FloatArray, Operand, half, round_to

_LIMIT = np.float32(10.7421875)
_LOG2E = np.float32(1.4423828125)
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = half(-2.12194440e-4)
_POLYNOMIAL = tuple(
    half(coefficient)
    for coefficient in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5)
)


def maximum(left: Operand, right: Operand) -> FloatArray:
    """The larger of two as vector code finds it: NaN wins, and +0 is larger than -0."""
    return np.where((left == 0) & (right == 0), _sum_of_zeros(left, right), np.maximum(left, right))


def minimum(left: Operand, right: Operand) -> FloatArray:
    """The smaller of two as vector code finds it: NaN wins, and -0 is smaller than +0."""
    return np.negative(maximum(np.negative(left), np.negative(right)))


def maximum_number(left: Operand, right: Operand) -> FloatArray:
    """The larger of two as scalar code finds it: NaN only where both are, and +0 is larger than -0."""
    return np.where((left == 0) & (right == 0), _sum_of_zeros(left, right), np.fmax(left, right))


def _sum_of_zeros(left: Operand, right: Operand) -> FloatArray:
    """-0 where both are -0; of no use elsewhere."""
    with np.errstate(all="ignore"):
        return np.add(left, right, dtype=np.float32)


def _exp_parts(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """exp(x) as (f, p) with exp(x) = (1 + f) * p, p a power of two; x is clamped to +-10.7421875.

    p is put together from exponent bits, so that 2**-15, which is subnormal, comes out as 0.
    """
    x = np.minimum(np.maximum(values, -_LIMIT), _LIMIT)
    power = np.floor(fma16.fma(np.float32(0.5), x, _LOG2E))
    x = fma16.fma(x, -power, _LN2_HIGH)
    x = fma16.fma(x, -power, _LN2_LOW)
    factor: FloatArray = np.full_like(x, _POLYNOMIAL[0])
    for coefficient in _POLYNOMIAL[1:]:
        factor = fma16.fma(coefficient, factor, x)
    factor = fma16.fma(x, factor, fma16.multiply(x, x))
    return factor, np.where(power < -14, np.float32(0), np.exp2(power))


def exp(values: FloatArray) -> FloatArray:
    """exp of fp16 values, in full vectors: (1 + f) * p."""
    factor, power = _exp_parts(values)
    return fma16.multiply(fma16.add(factor, np.float32(1)), power)


def exp_in_fours(values: FloatArray) -> FloatArray:
    """exp of fp16 values in the half-width code of Softmax: f * p + p, which differs where f * p is subnormal."""
    factor, power = _exp_parts(values)
    return fma16.add(fma16.multiply(factor, power), power)


def exp_one_by_one(values: FloatArray) -> FloatArray:
    """exp of float32 values left over from vectors: the C library's expf, rounded to fp16."""
    with np.errstate(all="ignore"):
        return round_to(np.exp(values.astype(np.float64)).astype(np.float32), "fp16")


def sigmoid_one_by_one(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)) of what is left over from vectors: the C library's expf, rounded to fp16, the rest in float32."""
    with np.errstate(all="ignore"):
        return round_to(np.float32(1) / (np.float32(1) + exp_one_by_one(-values)), "fp16")


def sigmoid_in_float32(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)) in float32, rounded once: what the Sigmoid layer does with what is left over from vectors."""
    with np.errstate(all="ignore"):
        grown = np.exp(-values.astype(np.float64)).astype(np.float32)
        return round_to(np.float32(1) / (np.float32(1) + grown), "fp16")


def sigmoid(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)); the last multiplication of exp and the addition of 1 are one fused operation."""
    factor, power = _exp_parts(-values)
    with np.errstate(all="ignore"):
        return round_to(np.float32(1) / fma16.fma(np.float32(1), fma16.add(factor, np.float32(1)), power), "fp16")
