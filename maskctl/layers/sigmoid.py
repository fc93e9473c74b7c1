"""Sigmoid: 1 / (1 + exp(-x)).

The engine keeps x within +-88.37, so that its smallest result is 4e-39 where ours may be 0. NaN passes; vector code on
x86 turns it into a number. Source: ncnn `src/layer/sigmoid.cpp`.
"""

from __future__ import annotations

from maskctl.layers import sigmoids
from maskctl.layers.base import LayerType
from maskctl.layers.elementwise import on_floats

LAYER = LayerType("Sigmoid", range(1, 2), on_floats(lambda _, values: sigmoids.sigmoid(values)))
