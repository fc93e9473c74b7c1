"""Clip in fp16, whatever bit 1 says, and in bf16. Source: ncnn `src/layer/arm/clip_arm.cpp`, `clip_arm_asimdhp.cpp`."""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import by_parts, mode_regardless
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import math16


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The blob within the limits, which fp16 may round to infinity; scalar code makes NaN the lower limit."""
    mode = mode_regardless(options)
    low, high = mode.store(np.array([params.real("min"), params.real("max")], np.float32))
    parts = (
        (4, lambda x: math16.minimum(math16.maximum(x, low), high)),
        (1, lambda x: np.fmin(np.fmax(x, low), high)),
    )
    return (by_parts(inputs[0], options, mode, *parts, is_exact=True),)
