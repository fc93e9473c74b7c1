"""PReLU: negative values times a slope, one for all or one per index of the outermost axis.

Source: ncnn `src/layer/prelu.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.outermost import along, require_elements, weight_size
from maskctl.numeric.late import np

PARAMS = (Param(0, "num_slope", 0, "elements of the slope; 1: the same for all"),)


def weights(params: Params) -> tuple[Weight, ...]:
    """The slope."""
    return (Weight("slope", (weight_size(params, "num_slope"),), role="bias"),)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    if params.integer("num_slope") > 1:
        require_elements(inputs[0][0], params.integer("num_slope"), "num_slope")
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """Values, the negative ones times their slope; NaN stays."""
    values = inputs[0]
    shapes(params, (values.shape[1:],))
    with np.errstate(all="ignore"):
        # Not np.where: a mask of random signs costs more than two minima.
        out = np.minimum(values, np.float32(0))
        out *= along(weight["slope"], values)
        out += np.maximum(values, np.float32(0))
    return (out,)


LAYER = LayerType("PReLU", range(1, 2), forward, PARAMS, weights, shapes)
