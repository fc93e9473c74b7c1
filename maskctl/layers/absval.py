"""AbsVal: the magnitude of each element. Source: ncnn `src/layer/absval.cpp`."""

from __future__ import annotations

from maskctl.layers.base import LayerType
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.late import np

LAYER = LayerType("AbsVal", range(1, 2), on_floats(lambda _, values: np.abs(values)))
