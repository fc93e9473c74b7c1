"""Activations that convolutions and inner products have built in (params `activation_type`, `activation_params`).

Source: ncnn `src/layer/fused_activation.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.errors import GraphError
from maskctl.layers.base import Param, Params
from maskctl.numeric.formats import FloatArray

NONE, RELU, LEAKY_RELU, CLIP, SIGMOID, MISH, HARD_SWISH = range(7)
_NEEDED = {LEAKY_RELU: 1, CLIP: 2, HARD_SWISH: 2}

PARAMS = (
    Param(9, "activation_type", 0, "0 none, 1 ReLU, 2 leaky ReLU, 3 clip, 4 sigmoid, 5 mish, 6 hard swish"),
    Param(10, "activation_params", (), "slope (2), minimum and maximum (3), alpha and beta (6)"),
)


def kind(params: Params) -> tuple[int, tuple[float, ...]]:
    """The activation of a layer and its numbers; raises `GraphError` where the engine would read past their end."""
    number = params.integer("activation_type")
    values = tuple(float(value) for value in params.array("activation_params"))
    if len(values) < _NEEDED.get(number, 0):
        raise GraphError(
            f"activation_type {number} needs {_NEEDED[number]} activation_params (10=), found {len(values)}. "
            "The engine would read past their end."
        )
    return number, values


def apply(params: Params, values: FloatArray) -> FloatArray:  # noqa: PLR0911 - one return per activation
    """The activation in fp32. ReLU turns NaN into 0 (it is an fmax); the others let NaN pass."""
    number, numbers = kind(params)
    if number == RELU:
        return np.fmax(values, np.float32(0))
    if number == LEAKY_RELU:
        return np.where(values > 0, values, values * np.float32(numbers[0]))
    if number == CLIP:
        low, high = np.float32(numbers[0]), np.float32(numbers[1])
        return np.where(values > high, high, np.where(values < low, low, values))
    if number == SIGMOID:
        limit = np.float32(88.3762626647949)
        return np.float32(1) / (np.float32(1) + np.exp(-np.clip(values, -limit, limit)))
    if number == MISH:
        return values * np.tanh(np.log(np.exp(values) + np.float32(1)))
    if number == HARD_SWISH:
        return _hard_swish(values, *numbers)
    return values


def _hard_swish(values: FloatArray, alpha: float, beta: float) -> FloatArray:
    slope, offset = np.float32(alpha), np.float32(beta)
    lower = -offset / slope
    upper = np.float32(1) / slope + lower
    middle = values * (values * slope + offset)
    return np.where(values < lower, np.float32(0), np.where(values > upper, values, middle))
