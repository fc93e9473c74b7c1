"""Built-in activations as the fp16 kernels apply them, to the stored fp16 sum."""

from __future__ import annotations

import numpy as np

from maskctl.errors import ExecutionError
from maskctl.layers import activation
from maskctl.layers.base import Params
from maskctl.numeric import fma16, math16
from maskctl.numeric.formats import FloatArray, half


def activate(params: Params, values: FloatArray, *, scalar: bool = False) -> FloatArray:
    """The activation of fp16 `values`; its numbers are rounded to fp16 first.

    Vector code lets NaN through. The `scalar` code for outputs left over from vectors turns it into 0 (ReLU) or the
    lower bound (clip), because C's comparison is false there.

    Source: ncnn `src/layer/arm/arm_activation.h`, the `_f16` functions.
    """
    number, numbers = activation.kind(params)
    minimum, maximum = (np.fmin, np.fmax) if scalar else (np.minimum, np.maximum)
    rounded = [half(value) for value in numbers]
    if number == activation.RELU:
        return maximum(values, np.float32(0))
    if number == activation.LEAKY_RELU:
        return np.where(values <= 0, fma16.multiply(values, rounded[0]), values)
    if number == activation.CLIP:
        return minimum(maximum(values, rounded[0]), rounded[1])
    if number == activation.SIGMOID:
        return math16.sigmoid(values)
    if number == activation.HARD_SWISH:
        gate = np.minimum(np.maximum(fma16.fma(rounded[1], values, rounded[0]), np.float32(0)), np.float32(1))
        return fma16.multiply(gate, values)
    if number == activation.NONE:
        return values
    raise ExecutionError(
        f"activation_type {number} is not known in fp16 arithmetic. Run with --precision fp16-storage or bf16."
    )
