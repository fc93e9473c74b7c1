"""MVN: values less their mean, and over their standard deviation where normalize_variance says so.

Source: ncnn `src/layer/mvn.cpp`. Each channel by itself, or all together. A blob of rank 1 or 2 is one channel and comes
out as a map with one; eps is added to the deviation, not to the variance.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.normalization import innermost
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "normalize_variance", 0, "1: divide by the standard deviation"),
    Param(1, "across_channels", 0, "1: one mean and deviation for all channels"),
    Param(2, "eps", 0.0001, "added to the deviation"),
)


def shapes(_: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape, with extents of 1 in front up to rank 3."""
    return ((*(1,) * (3 - len(inputs[0])), *inputs[0]),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The normalised channels."""
    values = inputs[0].reshape(len(inputs[0]), *shapes(params, (inputs[0].shape[1:],))[0])
    axes = innermost(values.ndim - (1 if params.integer("across_channels") else 2), values.ndim)
    with np.errstate(all="ignore"):
        out = values - values.mean(axes, np.float32, keepdims=True)
        if params.integer("normalize_variance"):
            deviation = np.sqrt(np.square(out).mean(axes, np.float32, keepdims=True))
            out *= np.float32(1) / (deviation + np.float32(params.real("eps")))
    return (out,)


LAYER = LayerType("MVN", range(1, 2), forward, PARAMS, shapes=shapes)
