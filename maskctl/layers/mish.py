"""Mish: x * tanh(log(1 + exp(x))).

From 20 on it is x; -inf gives NaN. Source: ncnn `src/layer/mish.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers.base import LayerType, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FloatArray

_TWO, _LIMIT = np.float32(2), np.float32(20)


def mish(_: Params, values: FloatArray) -> FloatArray:
    """With e = exp(x) the tangent is e(e + 2) / (e(e + 2) + 2): one exponential, and nothing cancels. It is 1 from 20 on."""
    out: FloatArray = np.minimum(values, _LIMIT)
    np.exp(out, out=out)
    out *= out + _TWO
    out /= out + _TWO
    out *= values
    return out


LAYER = LayerType("Mish", range(1, 2), on_floats(mish))
