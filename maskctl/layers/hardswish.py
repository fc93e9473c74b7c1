"""HardSwish: x * (alpha * x + beta), 0 below the line's zero and x above its one.

PyTorch's alpha is 1/6, not the default. NaN passes and -inf times 0 gives NaN, as in the vector code of arm64 and x86; what
that leaves over makes 0 of -inf, and on arm64 of some NaN as well. With an alpha that is not positive
the limits of x change places. Source: ncnn `src/layer/hardswish.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.layers.hardsigmoid import PARAMS, limits, line
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np


def hard_swish(params: Params, values: FloatArray) -> FloatArray:
    """x times the line between 0 and 1, NaN for NaN and -inf."""
    out = line(params, values)
    if np.float32(params.real("alpha")) > 0:
        np.clip(out, np.float32(0), np.float32(1), out=out)
        out *= values
        return out
    lower, upper = limits(params)
    out *= values
    return np.where(values < lower, np.float32(0), np.where(values > upper, values, out))


LAYER = LayerType("HardSwish", range(1, 2), on_floats(hard_swish), PARAMS)
