"""LayerNorm: the innermost axes less their mean, over their standard deviation, scaled and shifted by element.

Source: ncnn `src/layer/layernorm.cpp`. How many axes are normalised together follows from affine_size: rank 1 and 2
always take w; higher ranks take w, w*h or w*h*d, whichever has affine_size elements, else a whole channel.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Params, Shape, Weight, Weights
from maskctl.layers.families.normalization import (
    AFFINE_SIZE,
    affine_weight,
    grouped_shape,
    innermost,
    mean_along,
    per_element,
    standardised,
)
from maskctl.numeric.late import np

PARAMS = AFFINE_SIZE


def weights(params: Params) -> tuple[Weight, ...]:
    """Gamma and beta, or none."""
    return affine_weight(params, "gamma", "factor") + affine_weight(params, "beta", "bias")


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    grouped_shape(params, inputs[0])
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The normalised values."""
    values = inputs[0]
    group = grouped_shape(params, values.shape[1:])
    with np.errstate(all="ignore"):
        out = standardised(values, mean_along(innermost(len(group), values.ndim)), params.real("eps"))
        if params.integer("affine"):
            out *= per_element(weight, "gamma", group)
            out += per_element(weight, "beta", group)
    return (out,)


LAYER = LayerType("LayerNorm", range(1, 2), forward, PARAMS, weights, shapes)
