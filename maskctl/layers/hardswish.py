"""HardSwish: x * (alpha * x + beta), 0 below the line's zero and x above its one.

PyTorch's alpha is 1/6, not the default. -inf gives 0; vector code on x86 gives NaN. With an alpha that is not positive
the limits of x change places. Source: ncnn `src/layer/hardswish.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers.base import LayerType, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.layers.hardsigmoid import PARAMS, limits, line
from maskctl.numeric.formats import FloatArray

_ZERO, _ONE = np.float32(0), np.float32(1)


def hard_swish(params: Params, values: FloatArray) -> FloatArray:
    """x times the line between 0 and 1; x itself is kept from -inf, which times 0 would be NaN."""
    lower, upper = limits(params)
    out = line(params, values)
    if np.float32(params.real("alpha")) > 0:
        np.clip(out, _ZERO, _ONE, out=out)
        out *= np.maximum(values, lower)
        return out
    out *= values
    return np.where(values < lower, _ZERO, np.where(values > upper, values, out))


LAYER = LayerType("HardSwish", range(1, 2), on_floats(hard_swish), PARAMS)
