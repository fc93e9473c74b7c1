"""ELU: alpha * (exp(x) - 1) for negative x, else x. Source: ncnn `src/layer/elu.cpp`."""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import bent, on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (Param(0, "alpha", 0.1, "minus the limit for negative x; others default to 1"),)


def elu(params: Params, values: FloatArray) -> FloatArray:
    """The values, bent below 0."""
    one = np.float32(1)
    return bent(values, one, np.float32(params.real("alpha")), one)


LAYER = LayerType("ELU", range(1, 2), on_floats(elu), PARAMS)
