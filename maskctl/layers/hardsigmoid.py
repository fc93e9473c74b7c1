"""HardSigmoid: alpha * x + beta, cut off at 0 and 1.

NaN passes; vector code on x86 turns it into 0. With an alpha that is not positive the limits of x change places, and
everything becomes 0 or 1. Source: ncnn `src/layer/hardsigmoid.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers import ramps
from maskctl.layers.base import LayerType, Params
from maskctl.layers.elementwise import on_floats
from maskctl.numeric.formats import FloatArray

_ZERO, _ONE = np.float32(0), np.float32(1)


def hard_sigmoid(params: Params, values: FloatArray) -> FloatArray:
    """The line between its limits; for a rising line the limits may be put on y as well as on x."""
    alpha, _, lower, upper = ramps.numbers(params)
    out = ramps.line(params, values)
    if alpha > 0:
        return np.clip(out, _ZERO, _ONE, out=out)
    return np.where(values < lower, _ZERO, np.where(values > upper, _ONE, out))


LAYER = LayerType("HardSigmoid", range(1, 2), on_floats(hard_sigmoid), ramps.PARAMS)
