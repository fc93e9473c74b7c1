"""Exp: a base to the power of shift + scale * x. Source: ncnn `src/layer/exp.cpp`."""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import SCALE_AND_SHIFT, on_floats, scaled_and_shifted
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (Param(0, "base", -1.0, "base; -1: e"), *SCALE_AND_SHIFT)


def exp(params: Params, values: FloatArray) -> FloatArray:
    """The power; a negative base gives NaN for exponents that are not whole."""
    out = scaled_and_shifted(params, values)
    base = np.float32(params.real("base"))
    return np.exp(out, out=out) if base == -1 else np.power(base, out, out=out)


LAYER = LayerType("Exp", range(1, 2), on_floats(exp), PARAMS)
