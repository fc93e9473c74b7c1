"""expf, logf and tanhf of the C library that the arm64 engine calls for what is left over from vectors: glibc, with fused operations.

Source: the algorithms of glibc 2.28 to 2.40, `sysdeps/ieee754/flt-32/e_expf.c`, `e_logf.c`, `s_tanhf.c`.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.fma32 import fma
from maskctl.numeric.formats import FloatArray

_ONE, _TWO, _HALF = np.float32(1), np.float32(2), np.float32(0.5)
_POWERS = np.exp2(np.arange(32) / 32)
"""2**(i/32)."""
_PER_LN2 = float.fromhex("0x1.71547652b82fep+5")
"""32 / ln 2."""
_CUBIC = (
    float.fromhex("0x1.c6af84b912394p-20"),
    float.fromhex("0x1.ebfce50fac4f3p-13"),
    float.fromhex("0x1.62e42ff0c52d6p-6"),
)

_LOG_TABLE = np.array(
    [
        [float.fromhex(word) for word in row.split()]
        for row in (
            "0x1.661ec79f8f3bep+0 -0x1.57bf7808caadep-2",
            "0x1.571ed4aaf883dp+0 -0x1.2bef0a7c06ddbp-2",
            "0x1.49539f0f010bp+0 -0x1.01eae7f513a67p-2",
            "0x1.3c995b0b80385p+0 -0x1.b31d8a68224e9p-3",
            "0x1.30d190c8864a5p+0 -0x1.6574f0ac07758p-3",
            "0x1.25e227b0b8eap+0 -0x1.1aa2bc79c81p-3",
            "0x1.1bb4a4a1a343fp+0 -0x1.a4e76ce8c0e5ep-4",
            "0x1.12358f08ae5bap+0 -0x1.1973c5a611cccp-4",
            "0x1.0953f419900a7p+0 -0x1.252f438e10c1ep-5",
            "0x1p+0 0x0p+0",
            "0x1.e608cfd9a47acp-1 0x1.aa5aa5df25984p-5",
            "0x1.ca4b31f026aap-1 0x1.c5e53aa362eb4p-4",
            "0x1.b2036576afce6p-1 0x1.526e57720db08p-3",
            "0x1.9c2d163a1aa2dp-1 0x1.bc2860d22477p-3",
            "0x1.886e6037841edp-1 0x1.1058bc8a07ee1p-2",
            "0x1.767dcf5534862p-1 0x1.4043057b6ee09p-2",
        )
    ]
)
"""1/c and log(c) for sixteen numbers c between 0.7 and 1.4."""
_LOG_CUBIC = tuple(
    float.fromhex(word) for word in ("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2")
)
_LN2 = float.fromhex("0x1.62e42fefa39efp-1")
_FROM = np.int64(0x3F330000)

_LN2_HIGH, _LN2_LOW = np.float32(6.9313812256e-01), np.float32(9.0580006145e-06)
_ONE_PER_LN2 = np.float32(1.4426950216)
_EXPM1 = tuple(
    np.float32(value)
    for value in (-2.0109921195e-07, 4.0082177293e-06, -7.9365076090e-05, 1.5873016091e-03, -3.3333335072e-02, 1.0)
)
_HALF_LN2, _TINY = np.uint32(0x3EB17218), np.uint32(0x33000000)
"""Bits of magnitudes; those of 1.5 ln 2 are `_THREE_HALVES_LN2`."""
_THREE_HALVES_LN2 = np.uint32(0x3F851592)
_SATURATED = np.float32(22)


def exp(values: FloatArray) -> FloatArray:
    """The exponential: a power of two out of a table times a cubic, in float64, rounded once."""
    wide = values.astype(np.float64)
    with np.errstate(all="ignore"):
        scaled = _PER_LN2 * wide
        whole = np.rint(scaled)
        inside = np.abs(whole) < 8192  # beyond, infinite or zero; not for NaN
        steps = np.where(inside, whole, 0).astype(np.int64)
        rest = scaled - whole
        cubic = (_CUBIC[0] * rest + _CUBIC[1]) * (rest * rest) + (_CUBIC[2] * rest + 1)
        grown = np.ldexp(_POWERS[steps % 32], steps // 32) * cubic
        return np.where(inside, grown, np.exp(wide)).astype(np.float32)


def log(values: FloatArray) -> FloatArray:
    """The natural logarithm of normal numbers: that of c 2**k out of a table and a cubic of the rest, in float64, rounded once."""
    bits = np.ascontiguousarray(values).view(np.int32).astype(np.int64)
    beyond = bits - _FROM
    power = beyond >> 23
    inverse, at = _LOG_TABLE[beyond >> 19 & 15].transpose(-1, *range(values.ndim))
    with np.errstate(all="ignore"):
        part = (bits - (power << 23)).astype(np.int32).view(np.float32).astype(np.float64)
        rest = part * inverse - 1
        square = rest * rest
        found = (_LOG_CUBIC[0] * square + (_LOG_CUBIC[1] * rest + _LOG_CUBIC[2])) * square + (
            (at + power * _LN2) + rest
        )
        usual = (values >= np.float32(2.0**-126)) & np.isfinite(values)
        return np.where(usual, found, np.log(values.astype(np.float64))).astype(np.float32)


def tanh(values: FloatArray) -> FloatArray:
    """The hyperbolic tangent from exp(2|x|) - 1 from 1 on, from exp(-2|x|) - 1 below."""
    size = np.minimum(np.abs(values), _SATURATED)
    with np.errstate(all="ignore"):
        grown, shrunk = _expm1(_TWO * size), _expm1(-_TWO * size)
        found = np.where(size >= _ONE, _ONE - _TWO / (grown + _TWO), -shrunk / (shrunk + _TWO))
    found = np.where(size < _SATURATED, found, _ONE)
    return np.where(np.isnan(values), values, np.copysign(found, values))


def _expm1(values: FloatArray) -> FloatArray:
    """exp(x) - 1 for magnitudes up to 44: x less k times ln 2, a rational polynomial, and 2**k."""
    bits = np.abs(values).view(np.uint32)
    sign = np.where(values >= 0, _ONE, -_ONE)
    power = np.where(bits < _THREE_HALVES_LN2, sign, np.trunc(fma(_HALF * sign, _ONE_PER_LN2, values)))
    power = np.where(bits > _HALF_LN2, power, np.float32(0)).astype(np.float32)
    high, low = fma(values, -power, _LN2_HIGH), power * _LN2_LOW
    x = high - low
    lost = (high - x) - low
    half = _HALF * x
    square = x * half
    series = np.full_like(x, _EXPM1[0])
    for coefficient in _EXPM1[1:]:
        series = fma(coefficient, square, series)
    t = fma(np.float32(3), -series, half)
    error = square * ((series - t) / fma(np.float32(6), -x, t))
    alone = x - fma(-square, x, error)
    error = fma(-lost, x, error - lost) - square
    return np.where(bits < _TINY, values, np.where(power == 0, alone, _with_power(x, error, power))).astype(np.float32)


def _with_power(x: FloatArray, error: FloatArray, power: FloatArray) -> FloatArray:
    """2**k exp(x) - 1, each size of k in an order of its own that loses nothing."""
    k = power.astype(np.int32)
    small = np.ldexp(_ONE, -k)
    usual = np.ldexp(_ONE - (error - x), k) - _ONE
    middle = np.ldexp((_ONE - small) - (error - x), k)
    large = np.ldexp((x - (error + small)) + _ONE, k)
    one = np.where(x < -np.float32(0.25), -_TWO * (error - (x + _HALF)), fma(_ONE, _TWO, x - error))
    minus_one = fma(-_HALF, _HALF, x - error)
    found = np.where((k <= -2) | (k > 56), usual, np.where(k < 23, middle, large))
    return np.where(k == -1, minus_one, np.where(k == 1, one, found)).astype(np.float32)
