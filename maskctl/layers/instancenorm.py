"""InstanceNorm: each channel less its mean, over its standard deviation, scaled and shifted.

Source: ncnn `src/layer/instancenorm.cpp`. A blob of rank 1 or 2 is one channel.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.normalization import innermost, mean_along, standardised
from maskctl.layers.families.outermost import along, by_channels, channels_of, require_elements, weight_size
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "channels", 0, "elements of each weight"),
    Param(1, "eps", 0.001, "added to the variance"),
    Param(2, "affine", 1, "1: gamma and beta per channel"),
)


def weights(params: Params) -> tuple[Weight, ...]:
    """Gamma and beta, or none."""
    if not params.integer("affine"):
        return ()
    gamma = Weight("gamma", (weight_size(params, "channels"),), role="factor")
    return (gamma, Weight("beta", gamma.shape, role="bias"))


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    if params.integer("affine"):
        require_elements(channels_of(inputs[0]), params.integer("channels"), "channels")
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The normalised channels."""
    values = inputs[0]
    shapes(params, (values.shape[1:],))
    channels = by_channels(values)
    with np.errstate(all="ignore"):
        affine = (along(weight["gamma"], channels), along(weight["beta"], channels)) if weight else None
        out = standardised(
            channels, mean_along(innermost(channels.ndim - 2, channels.ndim)), params.real("eps"), affine
        )
    return (out.reshape(values.shape),)


LAYER = LayerType("InstanceNorm", range(1, 2), forward, PARAMS, weights, shapes)
