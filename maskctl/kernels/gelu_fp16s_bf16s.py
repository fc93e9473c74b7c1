"""GELU in fp16, with fp16 or fp32 inside, and in bf16, exact or by a hyperbolic tangent.

Source: ncnn `src/layer/arm/gelu_arm.cpp`, `gelu_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import by_parts, mode_of
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import cephes, error_function, libm
from maskctl.numeric.formats import FloatArray, round_to
from maskctl.numeric.lanes import HALF, SINGLE, Lanes

_ONE, _HALF = np.float32(1), np.float32(0.5)
_ROOT_OF_HALF = 0.70710678
_ROOT_OF_TWO_OVER_PI, _CUBIC = np.float32(0.79788452), np.float32(0.044715)
_PRODUCT = float(_CUBIC * _ROOT_OF_TWO_OVER_PI)


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """x times the probability that a standard normal variable is at most x. In fp16 arithmetic fours are no vectors."""
    mode = mode_of(options)
    lanes = mode.lanes
    vector, one_by_one = (_fast, _fast_one_by_one) if params.integer("fast_gelu") else (_exact, _exact_one_by_one)
    width = 8 if lanes is HALF else 4
    parts = ((width, lambda x: vector(lanes, x)), (1, lambda x: one_by_one(lanes, x)))
    return (by_parts(inputs[0], options, mode, *parts),)


def _exact(lanes: Lanes, values: FloatArray) -> FloatArray:
    complement = cephes.erfc(lanes, lanes.multiply(values, lanes.constant(-_ROOT_OF_HALF)))
    return lanes.multiply(lanes.multiply(_HALF, complement), values)


def _exact_one_by_one(_: Lanes, values: FloatArray) -> FloatArray:
    return _HALF * values * error_function.erfc(np.float32(-_ROOT_OF_HALF) * values)


def _fast(lanes: Lanes, values: FloatArray) -> FloatArray:
    """The sum under the tangent is fused in fp16 only."""
    slope = lanes.constant(_ROOT_OF_TWO_OVER_PI)
    cubic = lanes.multiply(lanes.multiply(lanes.constant(_PRODUCT), values), lanes.multiply(values, values))
    inner = lanes.fma(cubic, slope, values) if lanes is HALF else lanes.add(cubic, lanes.multiply(slope, values))
    return lanes.multiply(lanes.multiply(_HALF, values), lanes.add(_ONE, cephes.tanh(lanes, inner)))


def _fast_one_by_one(lanes: Lanes, values: FloatArray) -> FloatArray:
    """In fp32, with constants of the lanes' format, to which 1 + tanh is rounded."""
    slope, cubic = lanes.constant(_ROOT_OF_TWO_OVER_PI), lanes.constant(_CUBIC)
    inner = SINGLE.fma(values, values * values, cubic * values)
    return values * _HALF * round_to(_ONE + libm.tanh(slope * inner), lanes.name)
