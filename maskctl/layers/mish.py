"""Mish: x * tanh(log(1 + exp(x))).

From 20 on it is x; -inf gives NaN. Source: ncnn `src/layer/mish.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

_LIMIT = 20.0


def mish(_: Params, values: FloatArray) -> FloatArray:
    """With e = exp(x) the tangent is e(e + 2) / (e(e + 2) + 2): one exponential, and nothing cancels. It is 1 from 20 on."""
    out: FloatArray = np.minimum(values, np.float32(_LIMIT))
    np.exp(out, out=out)
    out *= out + np.float32(2)
    out /= out + np.float32(2)
    out *= values
    return out


LAYER = LayerType("Mish", range(1, 2), on_floats(mish))
