"""Mish: x * tanh(log(1 + exp(x))).

From 20 on it is x; -inf gives NaN. Source: ncnn `src/layer/mish.cpp`.
"""

from __future__ import annotations

from maskctl.layers import sigmoids
from maskctl.layers.base import LayerType
from maskctl.layers.elementwise import on_floats

LAYER = LayerType("Mish", range(1, 2), on_floats(lambda _, values: sigmoids.mish(values)))
