"""Requantize: 32-bit integers to int8 codes, by way of floats: times the scale in, bias, activation, times the scale out.

Scales and biases are one, or one per index of the outermost axis; a vector uses the first. x86 uses the first of every
four where the outermost axis is a multiple of 4 and not of 8; maskctl does not follow it there. Codes are rounded as in
Quantize. Source: ncnn `src/layer/requantize.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights, integers_in
from maskctl.layers.dequantize import integers
from maskctl.layers.families import activation, int8
from maskctl.layers.families.outermost import one_or_along, require_one_or_all
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "scale_in_data_size", 1, "1, or a scale of the integers per index of the outermost axis"),
    Param(1, "scale_out_data_size", 1, "1, or a scale of the codes per index of the outermost axis"),
    Param(2, "bias_data_size", 0, "0, 1, or a bias per index of the outermost axis"),
    Param(3, "activation_type", 0, activation.PARAMS[0].meaning),
    Param(4, "activation_params", (), activation.PARAMS[1].meaning),
)
_SIZES = {"scale_in": "scales in", "scale_out": "scales out", "bias": "biases"}


def weights(params: Params) -> tuple[Weight, ...]:
    """Scales in, scales out, biases; raises `GraphError` when there is no scale."""
    sizes = {name: params.integer(f"{name}_data_size") for name in _SIZES}
    if sizes["scale_in"] < 1 or sizes["scale_out"] < 1 or sizes["bias"] < 0:
        raise GraphError(
            f"there are {sizes['scale_in']} scales in, {sizes['scale_out']} scales out, {sizes['bias']} biases. "
            "Expected 1 or more scales of either kind, and 0 or more biases."
        )
    found = (
        Weight("scale_in", (sizes["scale_in"],), role="factor"),
        Weight("scale_out", (sizes["scale_out"],), role="int8 scale"),
    )
    return (*found, Weight("bias", (sizes["bias"],), role="bias")) if sizes["bias"] else found


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    for name, what in _SIZES.items():
        require_one_or_all(params.integer(f"{name}_data_size"), inputs[0], what)
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The codes, int8."""
    sums = integers_in(inputs[0])
    shapes(params, (sums.shape[1:],))
    numbers = {name: one_or_along(weight[name], sums) for name in weight}
    values = int8.dequantise(sums, numbers["scale_in"], numbers.get("bias"))
    with np.errstate(all="ignore"):
        return (int8.quantise(activation.apply(params, values), numbers["scale_out"]),)


LAYER = LayerType("Requantize", range(1, 2), forward, PARAMS, weights, shapes, integers=integers)
