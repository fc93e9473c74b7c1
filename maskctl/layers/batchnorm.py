"""BatchNorm: each index of the outermost axis scaled and shifted by its stored mean, variance, slope and bias.

Source: ncnn `src/layer/batchnorm.cpp`. The four weights become one factor and one offset when the layer is loaded; a
standard deviation of 0 counts as 0.0001.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.outermost import along, require_elements, weight_size
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "channels", 0, "elements of each weight"),
    Param(1, "eps", 0.0, "added to the variance"),
)
LEAST_DEVIATION = 0.0001
"""What the engine puts in the place of 0."""


def weights(params: Params) -> tuple[Weight, ...]:
    """Slope, mean, variance and bias, in the order of the `.bin`."""
    roles = {"slope": "factor", "mean": "mean", "var": "variance", "bias": "bias"}
    return tuple(Weight(name, (weight_size(params, "channels"),), role=role) for name, role in roles.items())


def prepare(params: Params, weight: Weights) -> Weights:
    """Factor and offset, folded in fp32 as the engine does at load."""
    with np.errstate(all="ignore"):
        deviation: FloatArray = np.sqrt(weight["var"] + np.float32(params.real("eps")))
        deviation[deviation == 0] = np.float32(LEAST_DEVIATION)
        return {
            "factor": weight["slope"] / deviation,
            "offset": weight["bias"] - weight["slope"] * weight["mean"] / deviation,
        }


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    require_elements(inputs[0][0], params.integer("channels"), "channels")
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """Values times factor plus offset."""
    values = inputs[0]
    shapes(params, (values.shape[1:],))
    with np.errstate(all="ignore"):
        out = values * along(weight["factor"], values)
        out += along(weight["offset"], values)
    return (out,)


LAYER = LayerType("BatchNorm", range(1, 2), forward, PARAMS, weights, shapes, prepare=prepare)
