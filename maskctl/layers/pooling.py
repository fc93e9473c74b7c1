"""Pooling: maximum or average over windows of a map (c, h, w), or over all of it.

Global pooling gives (c,). Adaptive pooling makes as many windows as asked for, -233 as many as there are pixels.
Averages leave out the border unless `avgpool_count_include_pad` says so, but count what the SAME modes add. A NaN
makes the maximum of its window NaN, as in arm64's vector code; adaptive pooling, and what vectors leave over, drops it. x86
keeps it by its place in the window.
Integers are not pooled: the engine would take their bytes for floats.

Source: ncnn `src/layer/pooling.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param
from maskctl.layers.families.pooling_windows import forward, shapes

PARAMS = (
    Param(0, "pooling_type", 0, "0 maximum, 1 average"),
    Param(1, "kernel_w", 0, "window width"),
    Param(11, "kernel_h", 0, "window height", same_as="kernel_w"),
    Param(2, "stride_w", 1, "horizontal stride"),
    Param(12, "stride_h", 1, "vertical stride", same_as="stride_w"),
    Param(3, "pad_left", 0, "columns added on the left"),
    Param(14, "pad_right", 0, "columns added on the right", same_as="pad_left"),
    Param(13, "pad_top", 0, "rows added on top", same_as="pad_left"),
    Param(15, "pad_bottom", 0, "rows added at the bottom", same_as="pad_top"),
    Param(4, "global_pooling", 0, "1: one window over the whole map"),
    Param(5, "pad_mode", 0, "0 full (the last window may hang over), 1 valid, 2 SAME_UPPER, 3 SAME_LOWER"),
    Param(6, "avgpool_count_include_pad", 0, "1: averages divide by the whole window"),
    Param(7, "adaptive_pooling", 0, "1: as many windows as out_w, out_h"),
    Param(8, "out_w", 0, "output width of adaptive pooling, -233 the input's"),
    Param(18, "out_h", 0, "output height of adaptive pooling, -233 the input's", same_as="out_w"),
)

LAYER = LayerType("Pooling", range(1, 2), forward, PARAMS, shapes=shapes)
