"""CELU: alpha * (exp(x / alpha) - 1) for negative x, else x. Source: ncnn `src/layer/celu.cpp`."""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import bent, on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (Param(0, "alpha", 1.0, "minus the limit for negative x"),)


def celu(params: Params, values: FloatArray) -> FloatArray:
    """The values, bent below 0; alpha 0 makes 0 of them."""
    alpha = np.float32(params.real("alpha"))
    return bent(values, alpha, alpha, np.float32(1)) if alpha else np.maximum(values, np.float32(0))


LAYER = LayerType("CELU", range(1, 2), on_floats(celu), PARAMS)
