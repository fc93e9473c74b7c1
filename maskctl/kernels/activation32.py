"""Built-in activations as the kernels with fp32 sums apply them, before the result is rounded to its storage format.

Source: ncnn `src/layer/arm/arm_activation.h` (`activation_ps`), `src/layer/fused_activation.h` (`activation_ss`), and the
released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.hardsigmoid_fp16s_bf16s import limits
from maskctl.layers.base import Params
from maskctl.layers.families import activation
from maskctl.numeric import cephes, estimates, libm32, math16
from maskctl.numeric.fma32 import fma
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.lanes import SINGLE

_ONE, _ZERO = np.float32(1), np.float32(0)
_SIGMOID_LIMIT = np.float32(88.3762626647949)


def activate(params: Params, values: FloatArray, *, fused: bool = False) -> FloatArray:
    """The activation of fp32 `values` in vector code, which lets NaN through.

    Built in, hard swish multiplies and adds in two steps; as a layer of its own (`fused`) in one.
    """
    number, numbers = activation.kind(params)
    given = [np.float32(value) for value in numbers]
    with np.errstate(all="ignore"):
        if number == activation.RELU:
            return math16.maximum(values, _ZERO)
        if number == activation.LEAKY_RELU:
            return np.where(values <= 0, values * given[0], values)
        if number == activation.CLIP:
            return math16.minimum(math16.maximum(values, given[0]), given[1])
        if number == activation.HARD_SWISH:
            gate = fma(given[1], values, given[0]) if fused else given[1] + values * given[0]
            return np.minimum(np.maximum(gate, _ZERO), _ONE) * values
        if number == activation.SIGMOID:
            return estimates.reciprocal(SINGLE, cephes.one_plus_exp(SINGLE, -values), steps=2)
        return _mish(values) if number == activation.MISH else values


def _mish(values: FloatArray) -> FloatArray:
    return values * cephes.tanh(SINGLE, cephes.log(SINGLE, cephes.one_plus_exp(SINGLE, values)))


def activate_one_by_one(params: Params, values: FloatArray) -> FloatArray:
    """As `activate`, in the scalar code for outputs left over from vectors: the C library's functions in fp32.

    NaN becomes 0 (ReLU), the lower bound (clip) or 1 (sigmoid), because C's comparison is false there.
    """
    number, numbers = activation.kind(params)
    given = [np.float32(value) for value in numbers]
    with np.errstate(all="ignore"):
        if number == activation.RELU:
            return math16.maximum_number(values, _ZERO)
        if number == activation.CLIP:
            return np.fmin(np.fmax(values, given[0]), given[1])
        if number == activation.SIGMOID:
            bounded = np.fmax(np.fmin(values, _SIGMOID_LIMIT), -_SIGMOID_LIMIT)
            return _ONE / (_ONE + libm32.exp(-bounded))
        if number == activation.MISH:
            return values * libm32.tanh(libm32.log(libm32.exp(values) + _ONE))
        if number == activation.HARD_SWISH:
            lower, upper = limits(given[0], given[1])
            middle = values * fma(given[1], values, given[0])
            return np.where(values < lower, _ZERO, np.where(values > upper, values, middle))
    return activate(params, values)
