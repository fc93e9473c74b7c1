"""Swish: x / (1 + exp(-x)), also known as SiLU.

Vector code keeps the exponential below 2.4e38, so that values under -1e31 give x / 2.4e38 there in place of -0, and
-inf gives -inf in place of NaN. Source: ncnn `src/layer/swish.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.layers.sigmoid import one_plus_exp_of_negative
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np


def swish(_: Params, values: FloatArray) -> FloatArray:
    """x / (1 + exp(-x)): -0 for large negative values, NaN for -inf."""
    out = one_plus_exp_of_negative(values)
    return np.divide(values, out, out=out)


LAYER = LayerType("Swish", range(1, 2), on_floats(swish))
