"""Scale: each index of the outermost axis times its factor, plus its bias.

Source: ncnn `src/layer/scale.cpp`. With scale_data_size=-233 the second input holds the factors: a vector, or the map
of 1x1 that squeeze-and-excitation blocks make. The engine reads that blob as memory without looking at its shape, gaps
between channels included, so a map whose channels are not dense in memory is refused.
"""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.outermost import along, channels_of, require_elements, weight_size
from maskctl.numeric.late import np

FROM_INPUT = -233

PARAMS = (
    Param(0, "scale_data_size", 0, "elements of each weight; -233: the second input holds the factors"),
    Param(1, "bias_term", 0, "1: a bias per factor"),
)


def weights(params: Params) -> tuple[Weight, ...]:
    """Scale and bias; none when the second input is the scale."""
    if params.integer("scale_data_size") == FROM_INPUT:
        if params.integer("bias_term"):
            raise GraphError(
                "scale_data_size is -233 and bias_term 1. The engine has no bias then: set bias_term (1=) to 0."
            )
        if params.bottoms < 2:
            raise GraphError("scale_data_size is -233 and there is one input. Expected a second one with the factors.")
        return ()
    if params.bottoms > 1:
        raise GraphError(
            f"there are {params.bottoms} inputs. Expected one, or scale_data_size (0=) -233, which takes the second as scale."
        )
    scale = Weight("scale", (weight_size(params, "scale_data_size"),), role="factor")
    return (scale, Weight("bias", scale.shape, role="bias")) if params.integer("bias_term") else (scale,)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The first input's shape."""
    extent, size = inputs[0][0], params.integer("scale_data_size")
    if size != FROM_INPUT:
        require_elements(extent, size, "scale_data_size")
        return inputs[:1]
    shape = inputs[1]
    channels, pixels = channels_of(shape), math.prod(shape) // channels_of(shape)
    dense = channels == 1 and (len(shape) != 2 or 1 in shape)
    if not dense and (pixels > 1 or channels % 4):
        raise ExecutionError(
            f"the factors have shape {shape}. Expected a vector, or a multiple of 4 channels of one pixel: "
            "the engine reads other blobs in the order of its memory, gaps included."
        )
    require_elements(extent, math.prod(shape), "the second input's size")
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """Values times factor plus bias."""
    values = inputs[0]
    shapes(params, tuple(blob.shape[1:] for blob in inputs))
    with np.errstate(all="ignore"):
        if params.integer("scale_data_size") == FROM_INPUT:
            factors = inputs[1].reshape(len(values), -1)[:, : values.shape[1]]
            return (values * factors.reshape(*factors.shape, *(1,) * (values.ndim - 2)),)
        out = values * along(weight["scale"], values)
        if params.integer("bias_term"):
            out += along(weight["bias"], values)
    return (out,)


LAYER = LayerType("Scale", range(1, 3), forward, PARAMS, weights, shapes)
