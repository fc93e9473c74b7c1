"""Shrink: elements move by a bias towards 0; those within +-lambd, and NaN, become 0.

Source: ncnn `src/layer/shrink.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "bias", 0.0, "taken from large magnitudes"),
    Param(1, "lambd", 0.5, "magnitudes up to it become 0"),
)


def shrink(params: Params, values: FloatArray) -> FloatArray:
    """x + bias below -lambd, x - bias above lambd, 0 between."""
    bias, limit = np.float32(params.real("bias")), np.float32(params.real("lambd"))
    above = np.where(values > limit, values - bias, np.float32(0))
    return np.where(values < -limit, values + bias, above)


LAYER = LayerType("Shrink", range(1, 2), on_floats(shrink), PARAMS)
