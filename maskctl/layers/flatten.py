"""Flatten: a blob as one vector, channel by channel. Source: ncnn `src/layer/flatten.cpp`."""

from __future__ import annotations

import math

from maskctl.layers.base import Arrays, LayerType, Params, Shape, Weights


def shapes(_: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The number of elements."""
    return ((math.prod(inputs[0]),),)


def forward(_: Params, __: Weights, inputs: Arrays) -> Arrays:
    """The vector."""
    return (inputs[0].reshape(len(inputs[0]), -1),)


LAYER = LayerType("Flatten", range(1, 2), forward, shapes=shapes)
