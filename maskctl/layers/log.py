"""Log: the logarithm of shift + scale * x, -inf of 0 and NaN of less. Source: ncnn `src/layer/log.cpp`."""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import SCALE_AND_SHIFT, on_floats, scaled_and_shifted
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (Param(0, "base", -1.0, "base; -1: e"), *SCALE_AND_SHIFT)


def log(params: Params, values: FloatArray) -> FloatArray:
    """The natural logarithm, times the inverse of the base's."""
    out = scaled_and_shifted(params, values)
    np.log(out, out=out)
    base = np.float32(params.real("base"))
    if base != -1:
        out *= np.float32(1) / np.log(base)
    return out


LAYER = LayerType("Log", range(1, 2), on_floats(log), PARAMS)
