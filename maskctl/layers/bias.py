"""Bias: a number added to each channel. Source: ncnn `src/layer/bias.cpp`. A blob of rank 1 or 2 is one channel."""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.outermost import along, by_channels, channels_of, require_elements, weight_size
from maskctl.numeric.late import np

PARAMS = (Param(0, "bias_data_size", 0, "elements of the bias"),)


def weights(params: Params) -> tuple[Weight, ...]:
    """The bias."""
    return (Weight("bias", (weight_size(params, "bias_data_size"),), role="bias"),)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    require_elements(channels_of(inputs[0]), params.integer("bias_data_size"), "bias_data_size")
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """Values plus bias."""
    values = inputs[0]
    shapes(params, (values.shape[1:],))
    channels = by_channels(values)
    with np.errstate(all="ignore"):
        return ((channels + along(weight["bias"], channels)).reshape(values.shape),)


LAYER = LayerType("Bias", range(1, 2), forward, PARAMS, weights, shapes)
