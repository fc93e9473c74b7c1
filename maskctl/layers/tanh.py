"""TanH: the hyperbolic tangent.

NaN passes; vector code on x86 turns it into a number. Source: ncnn `src/layer/tanh.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.late import np

LAYER = LayerType("TanH", range(1, 2), on_floats(lambda _, values: np.tanh(values)))
