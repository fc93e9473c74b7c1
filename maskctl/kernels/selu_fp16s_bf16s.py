"""SELU in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/selu_arm.cpp`, `selu_arm_asimdhp.cpp`.
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
    """lambda * x, and lambda * alpha * (exp(x) - 1) below 0; scalar code keeps lambda * alpha in fp32."""
    mode, factor = mode_of(options), np.float32(params.real("lambda"))
    bend = np.float32(params.real("alpha")) * factor
    above = mode.kept(factor)
    parts = (
        (4, lambda x: _vector(mode.lanes, x, mode.kept(bend), above)),
        (1, lambda x: np.where(x < 0, (libm.exp(x) - _ONE) * bend, x * above)),
    )
    return (by_parts(inputs[0], options, mode, *parts),)


def _vector(lanes: Lanes, values: FloatArray, bend: np.float32, above: np.float32) -> FloatArray:
    below = lanes.subtract(cephes.exp(lanes, math16.minimum(values, _ZERO)), _ONE)
    return np.where(values <= 0, lanes.multiply(below, bend), lanes.multiply(values, above))
