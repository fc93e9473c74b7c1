"""Erf: the error function. Source: ncnn `src/layer/erf.cpp`."""

from __future__ import annotations

from maskctl.layers.base import LayerType
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric import error_function

LAYER = LayerType("Erf", range(1, 2), on_floats(lambda _, values: error_function.erf(values)))
