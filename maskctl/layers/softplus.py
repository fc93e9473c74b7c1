"""Softplus: log(exp(x) + 1).

It overflows to infinity from 88.73 on, and is 0 below -16.7, where 1 + exp(x) rounds to 1. Source: ncnn
`src/layer/softplus.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np


def softplus(_: Params, values: FloatArray) -> FloatArray:
    """The logarithm of 1 plus the exponential, as written."""
    out: FloatArray = np.exp(values)
    out += np.float32(1)
    return np.log(out, out=out)


LAYER = LayerType("Softplus", range(1, 2), on_floats(softplus))
