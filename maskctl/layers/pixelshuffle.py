"""PixelShuffle: blocks of channels as squares of pixels, depth to space. Channels beyond whole blocks are dropped.

A matrix is one channel; of a volume (c, d, h, w) the first plane is taken. Source: ncnn `src/layer/pixelshuffle.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import extent, first_planes, require_extents

PARAMS = (
    Param(0, "upscale_factor", 1, "side of the squares"),
    Param(1, "mode", 0, "0: a channel's pixels stand together, 1: the channels of a pixel do"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c / factor², h · factor, w · factor)."""
    factor = params.integer("upscale_factor")
    if factor < 1:
        raise GraphError(f"upscale_factor (0=) is {factor}. Expected 1 or more.")
    if params.integer("mode") not in {0, 1}:
        raise GraphError(f"mode (1=) is {params.integer('mode')}. Expected 0 or 1.")
    c, h, w = (extent(inputs[0], name) for name in "chw")
    return (require_extents((c // factor**2, h * factor, w * factor)),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The larger map."""
    (shape,) = shapes(params, (inputs[0].shape[1:],))
    values, factor = first_planes(inputs[0]), params.integer("upscale_factor")
    n, _c, h, w = values.shape
    used = values[:, : shape[0] * factor**2]
    if params.integer("mode") == 0:
        blocks = used.reshape(n, shape[0], factor, factor, h, w)
    else:
        blocks = used.reshape(n, factor, factor, shape[0], h, w).transpose(0, 3, 1, 2, 4, 5)
    return (blocks.transpose(0, 1, 4, 2, 5, 3).reshape(n, *shape),)


LAYER = LayerType("PixelShuffle", range(1, 2), forward, PARAMS, shapes=shapes)
