"""BNLL: log(1 + exp(x)), computed so that it does not overflow. Source: ncnn `src/layer/bnll.cpp`."""

from __future__ import annotations

from maskctl.layers.base import LayerType, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np


def bnll(_: Params, values: FloatArray) -> FloatArray:
    """log(1 + exp(-|x|)), plus x where that is positive."""
    out: FloatArray = np.abs(values)
    np.negative(out, out=out)
    np.exp(out, out=out)
    out += np.float32(1)
    np.log(out, out=out)
    out += np.maximum(values, np.float32(0))
    return out


LAYER = LayerType("BNLL", range(1, 2), on_floats(bnll))
