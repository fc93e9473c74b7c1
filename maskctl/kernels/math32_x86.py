"""Functions of fp32 values as x86-64 vector code builds them from its exp, which stops at +-88.376.

Source: ncnn `src/layer/x86/x86_activation.h` and `sse_mathfun.h`. Its polynomials are good to the last bits of fp32, so
that the C library's functions stand for them here.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.fma32 import fma
from maskctl.numeric.formats import FloatArray

_LIMIT = np.float32(88.3762626647949)
_ONE, _TWO = np.float32(1), np.float32(2)
_SMALLEST_NORMAL = np.float32(2.0**-126)


def exp(values: FloatArray) -> FloatArray:
    """exp of the clamped value, 0 where that is under 2**-126; NaN is clamped to the upper end."""
    grown: FloatArray = np.exp(np.fmin(np.maximum(values, -_LIMIT), _LIMIT))
    return np.where(grown < _SMALLEST_NORMAL, np.float32(0), grown)


def sigmoid(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x))."""
    return _ONE / (_ONE + exp(-values))


def tanh(values: FloatArray) -> FloatArray:
    """2 * sigmoid(2x) - 1, which has few digits near 0."""
    return sigmoid(values * _TWO) * _TWO - _ONE


def mish(values: FloatArray) -> FloatArray:
    """x * tanh(log(1 + exp(x)))."""
    return values * tanh(np.log(_ONE + exp(values)))


def hard_sigmoid(values: FloatArray, slope: np.float32, offset: np.float32) -> FloatArray:
    """slope * x + offset between 0 and 1, rounded once as CPUs with FMA do; 0 for NaN."""
    gate: FloatArray = np.minimum(np.fmax(fma(offset, values, slope), np.float32(0)), _ONE)
    return gate


def leaky_relu(values: FloatArray, slope: FloatArray | np.float32) -> FloatArray:
    """max(x, 0) + slope * min(x, 0), where a zero keeps its sign and NaN passes."""
    above: FloatArray = np.where(values < 0, np.float32(0), values)
    below: FloatArray = np.where(values > 0, np.float32(0), values)
    return above + slope * below
