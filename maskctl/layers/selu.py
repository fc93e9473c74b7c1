"""SELU: lambda * x, and lambda * alpha * (exp(x) - 1) for negative x. Source: ncnn `src/layer/selu.cpp`."""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import bent, on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "alpha", 1.67326324, "bend below 0"),
    Param(1, "lambda", 1.050700987, "factor of everything"),
)


def selu(params: Params, values: FloatArray) -> FloatArray:
    """The values scaled, bent below 0."""
    alpha, factor = np.float32(params.real("alpha")), np.float32(params.real("lambda"))
    return bent(values, np.float32(1), alpha * factor, factor)


LAYER = LayerType("SELU", range(1, 2), on_floats(selu), PARAMS)
