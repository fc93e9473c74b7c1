"""Noop: its bottoms under other names, in their order. It may have fewer tops, even none.

Source: ncnn `src/layer/noop.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Params, Shape, Weights


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shapes of as many bottoms as there are tops; raises `GraphError` for more tops, where the engine crashes."""
    if params.tops > len(inputs):
        raise GraphError(f"there are {params.tops} tops for {len(inputs)} inputs. Expected at most as many.")
    return inputs[: params.tops]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The bottoms, not copied."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    return inputs[: params.tops]


LAYER = LayerType("Noop", ONE_OR_MORE, forward, shapes=shapes, tops=range(ONE_OR_MORE.stop))
