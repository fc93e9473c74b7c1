"""Sigmoid: 1 / (1 + exp(-x)).

The engine keeps x within +-88.37, so that its smallest result is 4e-39 where ours may be 0. NaN passes; vector code on
x86 turns it into a number. Source: ncnn `src/layer/sigmoid.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np


def one_plus_exp_of_negative(values: FloatArray) -> FloatArray:
    """1 + exp(-x), a fresh array."""
    out: FloatArray = np.negative(values)
    np.exp(out, out=out)
    out += np.float32(1)
    return out


def sigmoid(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)), a fresh array; NaN stays NaN."""
    out = one_plus_exp_of_negative(values)
    return np.divide(np.float32(1), out, out=out)


LAYER = LayerType("Sigmoid", range(1, 2), on_floats(lambda _, values: sigmoid(values)))
