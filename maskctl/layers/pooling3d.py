"""Pooling3D: maximum or average over windows of a volume (c, d, h, w), or over all of it.

As Pooling, along three axes. SAME_LOWER puts the odd row and column before, but the odd plane behind.

Source: ncnn `src/layer/pooling3d.cpp`.
"""

from __future__ import annotations

from maskctl.layers import pooling
from maskctl.layers.base import LayerType, Param
from maskctl.layers.families.pooling_windows import forward, shapes

PARAMS = (
    *pooling.PARAMS,
    Param(21, "kernel_d", 0, "window depth", same_as="kernel_w"),
    Param(22, "stride_d", 1, "stride along the depth", same_as="stride_w"),
    Param(23, "pad_front", 0, "planes added in front", same_as="pad_left"),
    Param(16, "pad_behind", 0, "planes added behind", same_as="pad_front"),
    Param(28, "out_d", 0, "output depth of adaptive pooling, -233 the input's", same_as="out_w"),
)

LAYER = LayerType("Pooling3D", range(1, 2), forward, PARAMS, shapes=shapes)
