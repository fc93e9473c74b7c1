"""Threshold: 1 for elements above a number, else 0, also for NaN. Source: ncnn `src/layer/threshold.cpp`."""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (Param(0, "threshold", 0.0, "the largest number that gives 0"),)


def threshold(params: Params, values: FloatArray) -> FloatArray:
    """Ones and zeros."""
    return (values > np.float32(params.real("threshold"))).astype(np.float32)


LAYER = LayerType("Threshold", range(1, 2), on_floats(threshold), PARAMS)
