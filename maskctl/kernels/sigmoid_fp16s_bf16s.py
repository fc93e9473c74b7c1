"""Sigmoid in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/sigmoid_arm.cpp`, `sigmoid_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import by_parts, mode_of
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import cephes, estimates, libm
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.lanes import HALF, Lanes

_ONE = np.float32(1)


def forward(_: Params, __: Weights, inputs: Arrays, options: Options) -> Arrays:
    """1 / (1 + exp(-x)) of each element."""
    mode = mode_of(options)
    parts = ((4, lambda x: _vector(mode.lanes, x)), (1, lambda x: _ONE / (_ONE + libm.exp(-x))))
    return (by_parts(inputs[0], options, mode, *parts),)


def _vector(lanes: Lanes, values: FloatArray) -> FloatArray:
    """A division in fp16; in fp32 an estimate of the reciprocal and two steps, a little off the quotient."""
    below = cephes.one_plus_exp(lanes, -values)
    return lanes.divide(_ONE, below) if lanes is HALF else estimates.reciprocal(lanes, below, steps=2)
