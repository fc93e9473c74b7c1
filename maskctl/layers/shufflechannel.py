"""ShuffleChannel: the channels of a blob taken in turn from each of its groups, or put back. Vectors and matrices are one channel.

Source: ncnn `src/layer/shufflechannel.cpp`. The reverse takes channels / group groups instead.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.outermost import channels_of

PARAMS = (
    Param(0, "group", 1, "groups of channels"),
    Param(1, "reverse", 0, "not 0: undoes the shuffle of as many groups"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape; raises where its channels do not divide into the groups."""
    group = params.integer("group")
    if group < 1:
        raise GraphError(f"group (0=) is {group}. Expected 1 or more.")
    channels = channels_of(inputs[0])
    if channels % group:
        raise ExecutionError(f"{channels} channels do not divide into {group} groups. Expected a multiple.")
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The channels in their new order."""
    values = inputs[0]
    shapes(params, (values.shape[1:],))
    group = params.integer("group")
    if group == 1 or values.ndim < 4:
        return inputs
    n, channels, *rest = values.shape
    groups = channels // group if params.integer("reverse") else group
    return (values.reshape(n, groups, channels // groups, *rest).swapaxes(1, 2).reshape(values.shape),)


LAYER = LayerType("ShuffleChannel", range(1, 2), forward, PARAMS, shapes=shapes)
