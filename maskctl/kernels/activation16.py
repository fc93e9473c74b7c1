"""Built-in activations as the fp16 kernels apply them, to the stored fp16 sum.

Source: ncnn `src/layer/arm/arm_activation.h` (the `_f16` functions) and, where the engine runs the activation as a layer
of its own behind the convolution, `src/layer/arm/relu_arm_asimdhp.cpp`, `clip_…`, `sigmoid_…`, `hardswish_…`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import FP16SA
from maskctl.kernels.hardswish_fp16s_bf16s import swished
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Params
from maskctl.layers.families import activation
from maskctl.numeric import cephes, fma16, libm32, math16
from maskctl.numeric.formats import FloatArray, half, round_to
from maskctl.numeric.lanes import HALF


def activate(params: Params, values: FloatArray) -> FloatArray:
    """The activation of fp16 `values` in vector code, which lets NaN through; its numbers are rounded to fp16 first."""
    number, numbers = activation.kind(params)
    rounded = [half(value) for value in numbers]
    if number == activation.RELU:
        return math16.maximum(values, np.float32(0))
    if number == activation.LEAKY_RELU:
        return np.where(values <= 0, fma16.multiply(values, rounded[0]), values)
    if number == activation.CLIP:
        return math16.minimum(math16.maximum(values, rounded[0]), rounded[1])
    if number == activation.SIGMOID:
        return math16.sigmoid(values)
    if number == activation.HARD_SWISH:
        gate = np.minimum(np.maximum(fma16.fma(rounded[1], values, rounded[0]), np.float32(0)), np.float32(1))
        return fma16.multiply(gate, values)
    return _mish(values) if number == activation.MISH else values


def _mish(values: FloatArray) -> FloatArray:
    return fma16.multiply(values, cephes.tanh(HALF, cephes.log(HALF, cephes.one_plus_exp(HALF, values))))


def activate_one_by_one(params: Params, values: FloatArray) -> FloatArray:
    """As `activate`, in the scalar code for outputs left over from vectors: float32 inside, rounded at the end.

    NaN becomes 0 (ReLU) or the lower bound (clip), because C's comparison is false there.
    """
    number, numbers = activation.kind(params)
    rounded = [half(value) for value in numbers]
    if number == activation.RELU:
        return math16.maximum_number(values, np.float32(0))
    if number == activation.CLIP:
        return np.fmin(np.fmax(values, rounded[0]), rounded[1])
    if number == activation.SIGMOID:
        return math16.sigmoid_one_by_one(values)
    if number == activation.MISH:
        return fma16.multiply(values, round_to(libm32.tanh(libm32.log(libm32.exp(values) + np.float32(1))), "fp16"))
    if number == activation.HARD_SWISH:
        return _hard_swish_one_by_one(values, rounded[0], rounded[1])
    return activate(params, values)


def activate_map(params: Params, values: FloatArray, options: Options) -> FloatArray:
    """As `activate` on a map (n, c, h, w), where the activation is a layer of its own.

    Where channels are not packed, the last `h * w mod 4` pixels of each are computed one by one.
    """
    if params.integer("activation_type") == activation.HARD_SWISH:
        return swished(values, activation.kind(params)[1], FP16SA, options)
    if elempack(values.shape[1], options) > 1:
        return activate(params, values)
    pixels = values.reshape(*values.shape[:2], -1)
    fours = pixels.shape[2] // 4 * 4
    rest = pixels[:, :, fours:]
    is_sigmoid = params.integer("activation_type") == activation.SIGMOID
    one_by_one = math16.sigmoid_in_float32(rest) if is_sigmoid else activate_one_by_one(params, rest)
    parts = activate(params, pixels[:, :, :fours]), one_by_one
    return np.concatenate(parts, axis=2).reshape(values.shape)


def _hard_swish_one_by_one(values: FloatArray, slope: np.float32, offset: np.float32) -> FloatArray:
    with np.errstate(all="ignore"):
        lower = half(-offset / slope)
        upper = half(np.float32(1) / slope + lower)
        middle = round_to(values * (values * slope + offset), "fp16")
    return np.where(values < lower, np.float32(0), np.where(values > upper, values, middle))
