"""Pooling1D: maximum or average over windows of rows (c, w), or over all of each.

As Pooling, along one axis. Adaptive pooling does not know -233 here.

Source: ncnn `src/layer/pooling1d.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param
from maskctl.layers.families.pooling_windows import forward, shapes

PARAMS = (
    Param(0, "pooling_type", 0, "0 maximum, 1 average"),
    Param(1, "kernel_w", 0, "window width"),
    Param(2, "stride_w", 1, "stride"),
    Param(3, "pad_left", 0, "elements added before"),
    Param(14, "pad_right", 0, "elements added behind", same_as="pad_left"),
    Param(4, "global_pooling", 0, "1: one window over the whole row"),
    Param(5, "pad_mode", 0, "0 full (the last window may hang over), 1 valid, 2 SAME_UPPER, 3 SAME_LOWER"),
    Param(6, "avgpool_count_include_pad", 0, "1: averages divide by the whole window"),
    Param(7, "adaptive_pooling", 0, "1: as many windows as out_w"),
    Param(8, "out_w", 0, "output width of adaptive pooling"),
)

LAYER = LayerType("Pooling1D", range(1, 2), forward, PARAMS, shapes=shapes)
