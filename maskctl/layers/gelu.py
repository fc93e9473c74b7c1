"""GELU: x times the probability that a standard normal variable is at most x, exact or by a hyperbolic tangent.

-inf gives NaN. Vector code computes the exact form as x * (1 + erf(x / sqrt(2))) / 2, which overflows above 1.7e38.
Source: ncnn `src/layer/gelu.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric import error_function
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (Param(0, "fast_gelu", 0, "not 0: 0.5 * x * (1 + tanh(0.7979 * (x + 0.044715 * x^3)))"),)

_ROOT_OF_HALF = 0.70710678
_ROOT_OF_TWO_OVER_PI, _CUBIC = 0.79788452, 0.044715


def gelu(params: Params, values: FloatArray) -> FloatArray:
    """0.5 * x * erfc(-x / sqrt(2)), or the fast form."""
    is_fast = params.integer("fast_gelu") != 0
    out = _one_plus_tanh(values) if is_fast else error_function.erfc(values * -np.float32(_ROOT_OF_HALF))
    out *= np.float32(0.5)
    out *= values
    return out


def _one_plus_tanh(values: FloatArray) -> FloatArray:
    out: FloatArray = values * np.float32(_CUBIC)
    out *= values
    out *= values
    out += values
    out *= np.float32(_ROOT_OF_TWO_OVER_PI)
    np.tanh(out, out=out)
    out += np.float32(1)
    return out


LAYER = LayerType("GELU", range(1, 2), on_floats(gelu), PARAMS)
