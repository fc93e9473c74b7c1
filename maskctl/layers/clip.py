"""Clip: elements below a minimum or above a maximum become that limit.

NaN passes, as in arm64's vector code; what that leaves over, and all of x86, turns it into one of the limits. Where the
minimum is above the maximum, everything becomes the maximum. Source: ncnn `src/layer/clip.cpp`,
`src/layer/arm/clip_arm.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FP32, FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "min", -FP32.largest, "smallest value"),
    Param(1, "max", FP32.largest, "largest value"),
)


def clip(params: Params, values: FloatArray) -> FloatArray:
    """The values within the limits."""
    return np.clip(values, np.float32(params.real("min")), np.float32(params.real("max")))


LAYER = LayerType("Clip", range(1, 2), on_floats(clip), PARAMS)
