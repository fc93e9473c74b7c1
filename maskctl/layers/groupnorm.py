"""GroupNorm: groups of the outermost axis less their mean, over their standard deviation, scaled and shifted.

Source: ncnn `src/layer/groupnorm.cpp`. Each group has channels/group indices; what the blob has beyond `channels`
stays as it is.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.normalization import innermost, standardised
from maskctl.layers.families.outermost import along, weight_size
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "group", 1, "groups"),
    Param(1, "channels", 0, "extent of the outermost axis"),
    Param(2, "eps", 0.001, "added to the variance"),
    Param(3, "affine", 1, "1: gamma and beta per channel"),
)


def weights(params: Params) -> tuple[Weight, ...]:
    """Gamma and beta, or none; raises `GraphError` for groups of nothing."""
    channels, group = weight_size(params, "channels"), params.integer("group")
    if group < 1 or channels % group:
        raise GraphError(f"group is {group} for {channels} channels. Expected a divisor of the channels.")
    if not params.integer("affine"):
        return ()
    return (Weight("gamma", (channels,), role="factor"), Weight("beta", (channels,), role="bias"))


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    if inputs[0][0] < params.integer("channels"):
        raise ExecutionError(
            f"the input has shape {inputs[0]}. Expected {params.integer('channels')} or more along its first axis, as "
            "channels (1=) says: the engine would read past its end."
        )
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The normalised groups."""
    values = inputs[0]
    shapes(params, (values.shape[1:],))
    taken = values[:, : params.integer("channels")]
    affine = (along(weight["gamma"], taken), along(weight["beta"], taken)) if weight else None
    with np.errstate(all="ignore"):
        out = standardised(taken, lambda each: _means(each, params.integer("group")), params.real("eps"), affine)
    return (out if taken.shape == values.shape else np.concatenate([out, values[:, taken.shape[1] :]], 1),)


def _means(values: Array, group: int) -> FloatArray:
    """Each group's mean, once for each of its channels; by channels first, which keeps to the order in memory."""
    channels = values.mean(innermost(values.ndim - 2, values.ndim), np.float32)
    means = channels.reshape(len(values), group, -1).mean(-1, np.float32)
    found: FloatArray = means.repeat(values.shape[1] // group, 1)
    return found.reshape(*values.shape[:2], *(1,) * (values.ndim - 2))


LAYER = LayerType("GroupNorm", range(1, 2), forward, PARAMS, weights, shapes)
