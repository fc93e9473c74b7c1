"""Split: the same blob under several names, not copied. Source: ncnn `src/layer/split.cpp`."""

from __future__ import annotations

from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Params, Shape, Weights


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape once per top."""
    return inputs[:1] * params.tops


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The input once per top, not copied."""
    return inputs[:1] * params.tops


LAYER = LayerType("Split", range(1, 2), forward, shapes=shapes, tops=ONE_OR_MORE)
