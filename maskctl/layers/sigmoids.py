"""The logistic function and the layers' functions made of it, each with as few passes over a big map as can be."""

from __future__ import annotations

import numpy as np

from maskctl.numeric.formats import FloatArray

_ONE, _TWO = np.float32(1), np.float32(2)
_MISH_LIMIT = np.float32(20)


def _one_plus_exp_of_negative(values: FloatArray) -> FloatArray:
    out: FloatArray = np.negative(values)
    np.exp(out, out=out)
    out += _ONE
    return out


def sigmoid(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)), a fresh array; NaN stays NaN."""
    out = _one_plus_exp_of_negative(values)
    return np.divide(_ONE, out, out=out)


def swish(values: FloatArray) -> FloatArray:
    """x / (1 + exp(-x)), a fresh array: -0 for large negative values, NaN for -inf."""
    out = _one_plus_exp_of_negative(values)
    return np.divide(values, out, out=out)


def mish(values: FloatArray) -> FloatArray:
    """x * tanh(log(1 + exp(x))), a fresh array; NaN for -inf.

    With e = exp(x) the tangent is e(e + 2) / (e(e + 2) + 2): one exponential, and nothing cancels. It is 1 from 20 on.
    """
    out: FloatArray = np.minimum(values, _MISH_LIMIT)
    np.exp(out, out=out)
    out *= out + _TWO
    out /= out + _TWO
    out *= values
    return out
