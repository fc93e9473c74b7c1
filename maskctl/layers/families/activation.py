"""Activations that convolutions and inner products have built in (params `activation_type`, `activation_params`).

Source: ncnn `src/layer/fused_activation.h`. Its scalar code defines them here: ReLU turns NaN into 0, all others let
it pass. Vector code of the targets clips NaN to the lower bound, and does so only where whole vectors are left.
"""

from __future__ import annotations

import numpy as np

from maskctl.errors import GraphError
from maskctl.layers.base import Param, Params
from maskctl.numeric.formats import FloatArray

NONE, RELU, LEAKY_RELU, CLIP, SIGMOID, MISH, HARD_SWISH = range(7)
_NEEDED = {LEAKY_RELU: 1, CLIP: 2, HARD_SWISH: 2}
_LONG_ROW = 1024
_SIGMOID_LIMIT = np.float32(88.3762626647949)

PARAMS = (
    Param(9, "activation_type", 0, "0 none, 1 ReLU, 2 leaky ReLU, 3 clip, 4 sigmoid, 5 mish, 6 hard swish"),
    Param(10, "activation_params", (), "slope (2), minimum and maximum (3), alpha and beta (6)"),
)


def kind(params: Params) -> tuple[int, tuple[float, ...]]:
    """The activation of a layer and its numbers; raises `GraphError` for what the engine does not load."""
    number = params.integer("activation_type")
    values = tuple(float(value) for value in params.array("activation_params"))
    if not NONE <= number <= HARD_SWISH:
        raise GraphError(f"activation_type (9=) is {number}. Expected {NONE} to {HARD_SWISH}.")
    if len(values) < _NEEDED.get(number, 0):
        raise GraphError(
            f"activation_type {number} needs {_NEEDED[number]} activation_params (10=), found {len(values)}. "
            "The engine would read past their end."
        )
    return number, values


def apply(params: Params, values: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """The activation in fp32, in a new array or in `out`, which may be `values`."""
    number, numbers = kind(params)
    if number == NONE:
        return values if out is None or out is values else _copied(values, out)
    result = np.empty_like(values) if out is None else out
    with np.errstate(all="ignore"):
        if number == RELU:
            np.fmax(values, _bound(0.0, values), out=result)
        elif number == LEAKY_RELU:
            _leaky_relu(values, np.float32(numbers[0]), result)
        elif number == CLIP:
            np.maximum(values, _bound(numbers[0], values), out=result)
            np.minimum(result, _bound(numbers[1], values), out=result)
        elif number == SIGMOID:
            _sigmoid(values, result)
        elif number == MISH:
            np.multiply(values, _mish_gate(values), out=result)
        else:
            _hard_swish(values, numbers, result)
    return result


def _bound(value: float, values: FloatArray) -> FloatArray | np.float32:
    """The number, or a row of it where rows are long: numpy compares two arrays twice as fast as an array and a number."""
    width = values.shape[-1]
    return np.full(width, value, np.float32) if width >= _LONG_ROW else np.float32(value)


def _copied(values: FloatArray, out: FloatArray) -> FloatArray:
    np.copyto(out, values)
    return out


def _leaky_relu(values: FloatArray, slope: np.float32, out: FloatArray) -> None:
    scaled = values * slope
    if 0 < slope <= 1:
        np.maximum(values, scaled, out=out)
    else:
        np.copyto(out, np.where(values > 0, values, scaled))


def _sigmoid(values: FloatArray, out: FloatArray) -> None:
    np.minimum(values, _SIGMOID_LIMIT, out=out)
    np.maximum(out, -_SIGMOID_LIMIT, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.add(out, np.float32(1), out=out)
    np.divide(np.float32(1), out, out=out)


def _mish_gate(values: FloatArray) -> FloatArray:
    gate = np.exp(values)
    gate += np.float32(1)
    np.log(gate, out=gate)
    np.tanh(gate, out=gate)
    return gate


def _hard_swish(values: FloatArray, numbers: tuple[float, ...], out: FloatArray) -> None:
    slope, offset = np.float32(numbers[0]), np.float32(numbers[1])
    lower = -offset / slope
    upper = np.float32(1) / slope + lower
    gate = values * slope
    gate += offset
    gate *= values
    below = values < lower
    np.copyto(gate, values, where=values > upper)
    np.copyto(gate, np.float32(0), where=below)
    np.copyto(out, gate)
