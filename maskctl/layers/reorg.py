"""Reorg: squares of pixels as blocks of channels, space to depth. Rows and columns beyond whole squares are dropped.

A matrix is one channel; of a volume (c, d, h, w) the first plane is taken. Source: ncnn `src/layer/reorg.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import extent, first_planes, require_extents

PARAMS = (
    Param(0, "stride", 1, "side of the squares"),
    Param(1, "mode", 0, "0: a channel's pixels stand together, 1: the channels of a pixel do"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c · stride², h / stride, w / stride)."""
    stride = params.integer("stride")
    if stride < 1:
        raise GraphError(f"stride (0=) is {stride}. Expected 1 or more.")
    if params.integer("mode") not in {0, 1}:
        raise GraphError(f"mode (1=) is {params.integer('mode')}. Expected 0 or 1.")
    c, h, w = (extent(inputs[0], name) for name in "chw")
    return (require_extents((c * stride**2, h // stride, w // stride)),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The smaller map of more channels."""
    (shape,) = shapes(params, (inputs[0].shape[1:],))
    values, stride = first_planes(inputs[0]), params.integer("stride")
    n, c = values.shape[:2]
    used = values[:, :, : shape[1] * stride, : shape[2] * stride]
    squares = used.reshape(n, c, shape[1], stride, shape[2], stride)
    order = (0, 1, 3, 5, 2, 4) if params.integer("mode") == 0 else (0, 3, 5, 1, 2, 4)
    return (squares.transpose(order).reshape(n, *shape),)


LAYER = LayerType("Reorg", range(1, 2), forward, PARAMS, shapes=shapes)
