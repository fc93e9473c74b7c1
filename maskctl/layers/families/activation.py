"""Activations that convolutions and inner products have built in (params `activation_type`, `activation_params`).

What they make of NaN and infinity is what arm64's vector code makes of it: all let NaN pass, and hard swish makes NaN of
-inf, which it multiplies by 0. Scalar code, for what is left over from vectors and for channels that do not pack, turns NaN
into 0 (ReLU), the lower bound (clip) or, in some layers, a number (sigmoid), and -inf into 0 (hard swish). Which elements
it computes goes by the algorithm that the engine takes, so that in fp32 a hard swish with an alpha that is not positive, where
the two codes part, is here what vectors make of it; in 16 bits the kernels know. Layers that have
only scalar code on arm64 are taken at that in ReLU and clip (`_has_vectors`). On x86 ReLU and hard
swish let NaN pass in vectors too, while clip makes its lower bound of it and sigmoid a number. Source: ncnn
`src/layer/arm/arm_activation.h` (`activation_ps`), `src/layer/fused_activation.h` (`activation_ss`), and the released
arm64 build.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Param, Params
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

NONE, RELU, LEAKY_RELU, CLIP, SIGMOID, MISH, HARD_SWISH = range(7)
_NEEDED = {LEAKY_RELU: 1, CLIP: 2, HARD_SWISH: 2}
_LONG_ROW = 1024
_SIGMOID_LIMIT = 88.3762626647949

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
            _larger(params)(values, _bound(0.0, values), out=result)
        elif number == LEAKY_RELU:
            _leaky_relu(values, np.float32(numbers[0]), result)
        elif number == CLIP:
            _larger(params)(values, _bound(numbers[0], values), out=result)
            np.minimum(result, _bound(numbers[1], values), out=result)
        elif number == SIGMOID:
            _sigmoid(values, result)
        elif number == MISH:
            np.multiply(values, _mish_gate(values), out=result)
        else:
            np.multiply(values, _hard_swish_gate(values, numbers), out=result)
    return result


def _larger(params: Params) -> np.ufunc:
    return np.maximum if _has_vectors(params) else np.fmax


def _has_vectors(params: Params) -> bool:
    """Whether arm64 has vector code for the layer: not over three axes, and over one only for dense convolutions."""
    if params.has("kernel_d"):
        return False
    return params.has("kernel_h") or not (params.has("group") or params.has("output_w"))


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
    limit = np.float32(_SIGMOID_LIMIT)
    np.minimum(values, limit, out=out)
    np.maximum(out, -limit, out=out)
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


def _hard_swish_gate(values: FloatArray, numbers: tuple[float, ...]) -> FloatArray:
    gate = values * np.float32(numbers[0])
    gate += np.float32(numbers[1])
    return np.clip(gate, np.float32(0), np.float32(1), out=gate)
