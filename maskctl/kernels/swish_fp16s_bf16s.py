"""Swish in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/swish_arm.cpp`, `swish_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import by_parts, mode_of
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import cephes, libm
from maskctl.numeric.formats import round_to


def forward(_: Params, __: Weights, inputs: Arrays, options: Options) -> Arrays:
    """x / (1 + exp(-x)) of each element; scalar code rounds the divisor to the format of the lanes."""
    mode = mode_of(options)
    lanes = mode.lanes
    parts = (
        (4, lambda x: lanes.divide(x, cephes.one_plus_exp(lanes, -x))),
        (1, lambda x: x / round_to(np.float32(1) + libm.exp(-x), lanes.name)),
    )
    return (by_parts(inputs[0], options, mode, *parts),)
