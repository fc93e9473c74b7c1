"""Power: shift + scale * x to a power; what is negative gives NaN for powers that are not whole.

Source: ncnn `src/layer/power.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers import powers
from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.elementwise import on_floats
from maskctl.layers.powers import SCALE_AND_SHIFT, scaled_and_shifted
from maskctl.numeric.formats import FloatArray

PARAMS = (Param(0, "power", 1.0, "exponent"), *SCALE_AND_SHIFT)


def power(params: Params, values: FloatArray) -> FloatArray:
    """The power as C's powf defines it."""
    return powers.power(scaled_and_shifted(params, values), np.float32(params.real("power")))


LAYER = LayerType("Power", range(1, 2), on_floats(power), PARAMS)
