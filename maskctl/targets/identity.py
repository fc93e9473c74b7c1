"""Layers whose parameters leave every value where it is: the engine hands their blob on without looking at it."""

from __future__ import annotations

from maskctl.graph.network import Layer


def changes_nothing(layer: Layer) -> bool:
    """True for a Dropout of scale 1, a Tile of one tile, a Permute that keeps the order and a Cast to what it is.

    Source: the early returns in the `forward` of ncnn's `src/layer/{dropout,tile,permute,cast}.cpp`. A Clip without limits
    or a BinaryOp that adds 0 is none of them: it looks at every value.
    """
    params = layer.params
    return {
        "Dropout": params.get(0, 1.0) == 1,
        "Tile": params.get(1, 1) == 1 and 2 not in params,
        "Permute": params.get(0, 0) == 0,
        "Cast": params.get(0, 0) == params.get(1, 0),
    }.get(layer.type, False)
