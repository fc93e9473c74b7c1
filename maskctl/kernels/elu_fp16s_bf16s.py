"""ELU in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/elu_arm.cpp`, `elu_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import by_parts, mode_of
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import cephes, libm, math16
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.lanes import Lanes

_ZERO, _ONE = np.float32(0), np.float32(1)


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values, alpha * (exp(x) - 1) below 0; scalar code keeps alpha in fp32."""
    mode, alpha = mode_of(options), np.float32(params.real("alpha"))
    parts = (
        (4, lambda x: _vector(mode.lanes, x, mode.kept(alpha))),
        (1, lambda x: np.where(x < 0, alpha * (libm.exp(x) - _ONE), x)),
    )
    return (by_parts(inputs[0], options, mode, *parts),)


def _vector(lanes: Lanes, values: FloatArray, alpha: np.float32) -> FloatArray:
    below = lanes.subtract(cephes.exp(lanes, math16.minimum(values, _ZERO)), _ONE)
    return lanes.add(math16.maximum(values, _ZERO), lanes.multiply(alpha, below))
