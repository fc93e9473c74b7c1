"""ReLU in fp16, whatever bit 1 says, and in bf16. Source: ncnn `src/layer/arm/relu_arm.cpp`, `relu_arm_asimdhp.cpp`."""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import by_parts, mode_regardless
from maskctl.kernels.packing import Options
from maskctl.layers import relu
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import math16

_ZERO = np.float32(0)


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The blob, negative elements times the slope.

    Without a slope scalar code makes NaN 0 and leaves -0, vectors leave NaN and make -0 a 0.
    """
    if inputs[0].dtype == np.int8:
        return relu.forward(params, weights, inputs)
    mode = mode_regardless(options)
    slope = mode.kept(params.real("slope"))
    has_slope = params.real("slope") != 0
    if has_slope:
        parts = (
            (4, lambda x: np.where(x <= 0, mode.lanes.multiply(x, slope), x)),
            (1, lambda x: np.where(x < 0, mode.lanes.multiply(x, slope), x)),
        )
    else:
        parts = ((4, lambda x: math16.maximum(x, _ZERO)), (1, lambda x: np.where(x >= 0, x, _ZERO)))
    return (by_parts(inputs[0], options, mode, *parts, is_exact=not has_slope),)
