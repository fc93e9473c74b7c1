"""Elementary functions as the engine's vector code computes them: polynomials, rounded at every step.

Source: ncnn `src/layer/arm/neon_mathfun.h`, `neon_mathfun_tanh.h` and `neon_mathfun_fp16s.h`: the same algorithms, most of
them of the Cephes library, in fp32 and in fp16, as the released arm64 build fuses and reorders their operations.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import numpy.typing as npt

from maskctl.numeric.formats import FloatArray
from maskctl.numeric.lanes import HALF, Lanes

_ONE, _HALF, _TWO = np.float32(1), np.float32(0.5), np.float32(2)
_ALL_ONES = np.uint32(0xFFFFFFFF).view(np.float32)
"""The NaN that a mask of all bits makes of a number."""

_EXP_LIMIT = {"fp16": np.float32(10.7421875), "fp32": np.float32(88.3762626647949)}
_LOG2E, _LN2_HIGH, _LN2_LOW, _LN2 = 1.44269504088896341, 0.693359375, -2.12194440e-4, 0.6931471805599453
_EXP = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
_ROOT_OF_HALF = 0.707106781186547524
_LOG = (
    *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1),
    *(2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
)
_FOUR_OVER_PI = 1.27323954473516
_QUARTER_PI = (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)
"""Minus pi / 4, in three parts."""

_SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_TANH_TINY, _TANH_LIMIT = 1e-4, np.float32(9)
_TANH_UPPER = (
    *(-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8),
    *(1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3),
)
_TANH_LOWER = (1.19825839466702e-6, 1.18534705686654e-4, 2.26843463243900e-3, 4.89352518554385e-3)
_TANH16_LIMIT = np.float32(4.5)
_TANH16_UPPER = (0.00071955, 0.10388184, 1.0)
_TANH16_LOWER = (0.01329041, 0.43701172, 1.0)
_ERF_BEND = 0.927734375
_ERF_LARGE = (-1.72853470e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2)
_ERF_LARGER = (-1.06777877e-1, -6.34846687e-1, -1.28717512e-1)
_ERF_SMALL = (-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1)
_ASIN = (1.5707961728, -0.2145852647, 0.0887556286, -0.0488025043, 0.0268999482, -0.0111462294, 0.0022959648)
_BELOW_ONE, _HALF_PI = np.float32(0.9999999), np.float32(1.570796326)


def _exp_parts(lanes: Lanes, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """exp(x) as (f, p) with exp(x) = (f + 1) * p, p a power of two; x is clamped to +-10.74 in fp16, +-88.38 in fp32.

    p is put together from exponent bits, so that a subnormal one comes out as 0.
    """
    limit = _EXP_LIMIT[lanes.name]
    x = np.minimum(np.maximum(values, -limit), limit)
    power = np.floor(lanes.fma(_HALF, x, lanes.constant(_LOG2E)))
    x = lanes.fma(x, -power, lanes.constant(_LN2_HIGH))
    x = lanes.fma(x, -power, lanes.constant(_LN2_LOW))
    factor = lanes.fma(x, lanes.polynomial(_EXP, x), lanes.multiply(x, x))
    return factor, np.where(power <= -lanes.bias, np.float32(0), np.exp2(power))


def exp(lanes: Lanes, values: FloatArray) -> FloatArray:
    """exp of each element: (f + 1) * p."""
    factor, power = _exp_parts(lanes, values)
    return lanes.multiply(lanes.add(factor, _ONE), power)


def exp_in_fours(lanes: Lanes, values: FloatArray) -> FloatArray:
    """exp of each element as fp16 code of half width has it: f * p + p, which differs where f * p is subnormal."""
    factor, power = _exp_parts(lanes, values)
    return lanes.add(lanes.multiply(factor, power), power)


def one_plus_exp(lanes: Lanes, values: FloatArray) -> FloatArray:
    """1 + exp(x), where the last product of exp and the sum are one operation."""
    factor, power = _exp_parts(lanes, values)
    return lanes.fma(_ONE, lanes.add(factor, _ONE), power)


def log(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The natural logarithm: a NaN of all ones up to 0, and some number where x is NaN or infinite.

    The exponent and the fraction are cut out of the bits, those of NaN and infinity like any other's.
    """
    is_invalid = values <= 0
    known = np.where(
        np.isnan(values), np.float32(np.nan), values
    )  # the engine's CPU makes positive ones, others do not
    x, exponent = _split(lanes, np.where(is_invalid, np.float32(0), known))
    is_low = x < lanes.constant(_ROOT_OF_HALF)
    exponent = exponent - is_low
    x = lanes.add(lanes.subtract(x, _ONE), np.where(is_low, x, np.float32(0)))
    square = lanes.multiply(x, x)
    y = lanes.multiply(lanes.multiply(lanes.polynomial(_LOG, x), x), square)
    y = lanes.fma(y, exponent, lanes.constant(_LN2_LOW))
    y = lanes.fma(y, -square, _HALF)
    y = lanes.fma(lanes.add(x, y), exponent, lanes.constant(_LN2_HIGH))
    return np.where(is_invalid, _ALL_ONES, y)


def _split(lanes: Lanes, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fraction in [0.5, 1) and exponent, by bits."""
    if lanes is HALF:
        short = values.astype(np.float16).view(np.int16)
        fraction = (short & np.int16(~0x7C00)) | np.int16(0x3800)
        return fraction.view(np.float16).astype(np.float32), (short >> 10).astype(np.float32) - np.float32(14)
    bits = np.ascontiguousarray(values).view(np.int32)
    joined: npt.NDArray[np.int32] = (bits & np.int32(~0x7F800000)) | np.int32(0x3F000000)
    return joined.view(np.float32), (bits >> 23).astype(np.float32) - np.float32(126)


def sin_cos(lanes: Lanes, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sine and cosine; large x lose all meaning, in fp16 from a few hundred on."""
    x = np.abs(values)
    octant = _octant(lanes, lanes.multiply(x, lanes.constant(_FOUR_OVER_PI)))
    with np.errstate(over="ignore"):
        turns = octant.astype(np.float16 if lanes is HALF else np.float32).astype(np.float32)
    for part in _QUARTER_PI:
        x = lanes.fma(x, turns, lanes.constant(part))
    square = lanes.multiply(x, x)
    even = lanes.multiply(lanes.polynomial(_COS, square), lanes.multiply(square, square))
    even = lanes.add(lanes.fma(even, -square, _HALF), _ONE)
    odd = lanes.fma(x, lanes.multiply(lanes.polynomial(_SIN, square), square), x)
    is_even = (octant & 2) != 0
    sine, cosine = np.where(is_even, even, odd), np.where(is_even, odd, even)
    sine = np.where((values < 0) ^ ((octant & 4) != 0), -sine, sine)
    return sine, np.where(((octant - np.uint32(2)) & 4) != 0, cosine, -cosine)


def _octant(lanes: Lanes, turns: FloatArray) -> npt.NDArray[np.uint32]:
    """The even number of eighths of a turn next to each; the conversion to integers stops at their largest."""
    top = 65535 if lanes is HALF else 2**32 - 1
    whole = np.nan_to_num(turns.astype(np.float64), nan=0, posinf=top).clip(0, top).astype(np.uint32)
    return (whole + np.uint32(1)) & np.uint32(top - 1)


def tanh(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The hyperbolic tangent: a quotient of polynomials, x itself below 0.0001."""
    size = np.abs(values)
    if lanes is HALF:
        x = np.minimum(size, _TANH16_LIMIT)
        square = lanes.multiply(x, x)
        upper, lower = lanes.polynomial(_TANH16_UPPER, square), lanes.polynomial(_TANH16_LOWER, square)
        found = np.minimum(lanes.divide(lanes.multiply(x, upper), lower), _ONE)
        found = np.where(size >= _TANH16_LIMIT, _ONE, found)
    else:
        x = np.where(size <= _TANH_LIMIT, size, _TANH_LIMIT)
        square = lanes.multiply(x, x)
        upper = lanes.multiply(lanes.polynomial_unfused(_TANH_UPPER, square), x)
        found = lanes.divide(upper, lanes.polynomial_unfused(_TANH_LOWER, square))
    return np.where(size >= lanes.constant(_TANH_TINY), np.copysign(found, values), values)


def erf(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The error function."""
    size, square = np.abs(values), lanes.multiply(values, values)
    large = lanes.subtract(_ONE, exp(lanes, _erf_exponent(lanes, size, square)))
    small = _erf_small(lanes, values, square)
    return np.where(size > lanes.constant(_ERF_BEND), np.copysign(large, values), small)


def erfc(lanes: Lanes, values: FloatArray) -> FloatArray:
    """1 minus the error function."""
    size, square = np.abs(values), lanes.multiply(values, values)
    large = exp(lanes, _erf_exponent(lanes, size, square))
    large = np.where(values < 0, lanes.subtract(_TWO, large), large)
    small = lanes.subtract(_ONE, _erf_small(lanes, values, square))
    return np.where(size > lanes.constant(_ERF_BEND), large, small)


def _erf_exponent(lanes: Lanes, size: FloatArray, square: FloatArray) -> FloatArray:
    """The logarithm of the complement for sizes from 0.93 on."""
    low = lanes.polynomial(_ERF_LARGE[:2], size)
    found = lanes.fma(lanes.polynomial(_ERF_LARGE[2:], size), low, square)
    for coefficient in _ERF_LARGER:
        found = lanes.fma(lanes.constant(coefficient), found, size)
    return lanes.fma(-size, found, size)


def _erf_small(lanes: Lanes, values: FloatArray, square: FloatArray) -> FloatArray:
    return lanes.fma(values, lanes.polynomial(_ERF_SMALL, square), values)


def power(lanes: Lanes, base: FloatArray, exponent: FloatArray) -> FloatArray:
    """exp(exponent * log(base)): NaN up to base 0, of all ones unless the exponent is NaN too."""
    product = lanes.multiply(exponent, log(lanes, base))
    return np.where(np.isnan(exponent), exponent, np.where(np.isnan(product), product, exp(lanes, product)))


def log_of_sum_of_exps(lanes: Lanes, larger: FloatArray, smaller: FloatArray) -> FloatArray:
    """log(exp(larger) + exp(smaller))."""
    return lanes.add(larger, log(lanes, one_plus_exp(lanes, lanes.subtract(smaller, larger))))


def asin(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The inverse sine; sizes from 1 on count as 0.9999999. fp32 only."""
    size = np.abs(values)
    x = np.where(size >= _ONE, _BELOW_ONE, size)
    powers = accumulate([x] * 6, lanes.multiply, initial=np.ones_like(x))
    terms = [lanes.multiply(lanes.constant(number), raised) for number, raised in zip(_ASIN, powers, strict=True)]
    middle = lanes.add(lanes.add(terms[2], terms[3]), lanes.add(terms[4], terms[5]))
    total = lanes.add(lanes.add(lanes.add(terms[0], terms[1]), middle), terms[6])
    found = lanes.fma(_HALF_PI, -lanes.sqrt(lanes.subtract(_ONE, x)), total)
    return np.where(values < 0, -found, found)


def acos(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The inverse cosine, from the inverse sine."""
    return lanes.subtract(_HALF_PI, asin(lanes, values))


def expm1(lanes: Lanes, values: FloatArray) -> FloatArray:
    """exp(x) - 1; in fp32 a polynomial for sizes under 0.0001."""
    found = lanes.subtract(exp(lanes, values), _ONE)
    return found if lanes is HALF else _near_zero(lanes, values, (1 / 6, 0.5), found)


def log1p(lanes: Lanes, values: FloatArray) -> FloatArray:
    """log(1 + x); in fp32 a polynomial for sizes under 0.0001."""
    found = log(lanes, lanes.add(_ONE, values))
    return found if lanes is HALF else _near_zero(lanes, values, (1 / 3, -0.5), found)


def _near_zero(lanes: Lanes, values: FloatArray, terms: tuple[float, ...], found: FloatArray) -> FloatArray:
    """x + x * x * (the polynomial of `terms`) near 0, else what was found."""
    square = lanes.multiply(values, values)
    near = lanes.add(values, lanes.multiply(square, lanes.polynomial_unfused(terms, values)))
    return np.where(np.abs(values) < lanes.constant(1e-4), near, found)


def sinh(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The hyperbolic sine; in fp16 the compiler drops the two ones that are subtracted from each other."""
    function = exp if lanes is HALF else expm1
    return lanes.multiply(lanes.subtract(function(lanes, values), function(lanes, -values)), _HALF)


def cosh(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The hyperbolic cosine."""
    return lanes.multiply(lanes.add(exp(lanes, values), exp(lanes, -values)), _HALF)


def asinh(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The inverse hyperbolic sine, with the sign of x put on the result."""
    size = np.abs(values)
    found = log(lanes, lanes.add(size, lanes.sqrt(lanes.fma(_ONE, size, size))))
    found = np.where(size > np.float32(128 if lanes is HALF else 1e19), _log_of_twice(lanes, size), found)
    return np.where(np.signbit(values), -np.abs(found), found)


def acosh(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The inverse hyperbolic cosine; the two roots are taken in one, so that numbers below -1 have them too."""
    root = lanes.sqrt(lanes.multiply(lanes.subtract(values, _ONE), lanes.add(values, _ONE)))
    found = log(lanes, lanes.add(values, root))
    return np.where(values > np.float32(32768 if lanes is HALF else 1e19), _log_of_twice(lanes, values), found)


def _log_of_twice(lanes: Lanes, values: FloatArray) -> FloatArray:
    return lanes.add(log(lanes, values), lanes.constant(_LN2))


def atanh(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The inverse hyperbolic tangent; 0 for NaN, whose two logarithms are the same number."""
    found = lanes.multiply(lanes.subtract(log1p(lanes, values), log1p(lanes, -values)), _HALF)
    return np.where(np.isnan(values), np.float32(0), found)
