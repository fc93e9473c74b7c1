"""Mish in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/mish_arm.cpp`, `mish_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import by_parts, mode_of
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import cephes, libm
from maskctl.numeric.formats import FloatArray, round_to
from maskctl.numeric.lanes import Lanes


def forward(_: Params, __: Weights, inputs: Arrays, options: Options) -> Arrays:
    """x * tanh(log(1 + exp(x))) of each element."""
    mode = mode_of(options)
    parts = ((4, lambda x: _vector(mode.lanes, x)), (1, lambda x: _one_by_one(mode.lanes, x)))
    return (by_parts(inputs[0], options, mode, *parts),)


def _vector(lanes: Lanes, values: FloatArray) -> FloatArray:
    return lanes.multiply(values, cephes.tanh(lanes, cephes.log(lanes, cephes.one_plus_exp(lanes, values))))


def _one_by_one(lanes: Lanes, values: FloatArray) -> FloatArray:
    return values * round_to(libm.tanh(libm.log(libm.exp(values) + np.float32(1))), lanes.name)
