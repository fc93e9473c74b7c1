"""Swish: x / (1 + exp(-x)), also known as SiLU.

Vector code keeps the exponential below 2.4e38, so that values under -1e31 give x / 2.4e38 there in place of -0, and
-inf gives -inf in place of NaN. Source: ncnn `src/layer/swish.cpp`.
"""

from __future__ import annotations

from maskctl.layers import sigmoids
from maskctl.layers.base import LayerType
from maskctl.layers.elementwise import on_floats

LAYER = LayerType("Swish", range(1, 2), on_floats(lambda _, values: sigmoids.swish(values)))
