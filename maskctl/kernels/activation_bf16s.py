"""Built-in activations as the bf16 kernels apply them: in float32, before the one rounding or as a layer of its own.

Source: ncnn `src/layer/arm/arm_activation.h` (`activation_ps`, `activation_ss`) and, where the engine runs the activation
as a layer behind the convolution, `relu_arm.cpp`, `clip_arm.cpp`, `sigmoid_arm.cpp`, `mish_arm.cpp`, `hardswish_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Params
from maskctl.layers.families import activation
from maskctl.numeric import math16
from maskctl.numeric.bf16 import away
from maskctl.numeric.formats import FloatArray

_LIMIT = np.float32(88.3762626647949)


def activate(params: Params, values: FloatArray) -> FloatArray:
    """The activation in vector code, float32, which lets NaN through."""
    number, numbers = activation.kind(params)
    given = [np.float32(value) for value in numbers]
    with np.errstate(all="ignore"):
        if number == activation.RELU:
            return math16.maximum(values, np.float32(0))
        if number == activation.LEAKY_RELU:
            return np.where(values <= 0, values * given[0], values)
        if number == activation.CLIP:
            return math16.minimum(math16.maximum(values, given[0]), given[1])
        if number == activation.HARD_SWISH:
            gate = np.asarray(given[1] + values.astype(np.float64) * given[0], np.float32)
            return np.minimum(np.maximum(gate, np.float32(0)), np.float32(1)) * values
        return np.where(np.isnan(values), values, activation.apply(params, values))


def activate_one_by_one(params: Params, values: FloatArray) -> FloatArray:
    """As `activate` in scalar code, where comparisons with NaN are false: it becomes a bound of what it is compared with."""
    number, numbers = activation.kind(params)
    given = [np.float32(value) for value in numbers]
    with np.errstate(all="ignore"):
        if number == activation.RELU:
            return math16.maximum_number(values, np.float32(0))
        if number == activation.CLIP:
            return np.fmin(np.fmax(values, given[0]), given[1])
        if number == activation.SIGMOID:
            return activation.apply(params, np.where(np.isnan(values), _LIMIT, values))
        if number == activation.HARD_SWISH:
            return activation.apply(params, values)
        return activate(params, values)


def activated_map(params: Params, values: FloatArray, options: Options) -> FloatArray:
    """The activation as a layer of its own on a map (n, c, h, w) or vectors (n, c) of bf16 values, stored again.

    Where channels are not packed, the last `h * w mod 4` pixels of each are computed one by one.
    """
    if params.integer("activation_type") == activation.NONE:
        return values
    pixels = values.reshape(*values.shape[:2], -1) if values.ndim > 2 else values[:, None]
    packed = elempack(values.shape[1], options) > 1
    fours = pixels.shape[2] if packed else pixels.shape[2] // 4 * 4
    parts = activate(params, pixels[:, :, :fours]), activate_one_by_one(params, pixels[:, :, fours:])
    return away(np.concatenate(parts, axis=2).reshape(values.shape))
