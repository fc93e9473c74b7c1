"""Layers that leave every value where it is: the engine hands their blob on without looking at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from maskctl.graph.network import Graph, Layer
from maskctl.kernels.packing import Options
from maskctl.targets.extents import shapes_in


def changes_nothing(layer: Layer) -> bool:
    """True for a Dropout of scale 1, a Tile of one tile, a Permute that keeps the order, a Cast to what it is, and no Padding.

    Source: the early returns in the `forward` of ncnn's `src/layer/{dropout,tile,permute,cast,padding}.cpp`. A Clip without limits
    or a BinaryOp that adds 0 is none of them: it looks at every value.
    """
    rule = _CHANGES_NOTHING.get(layer.type)
    return rule is not None and rule(layer.params)


_CHANGES_NOTHING: Mapping[str, Callable[[Mapping[int, object]], bool]] = {
    "Cast": lambda params: params.get(0, 0) == params.get(1, 0),
    "Dropout": lambda params: params.get(0, 1.0) == 1,
    "Padding": lambda params: not any(params.get(param_id, 0) for param_id in (0, 1, 2, 3, 7, 8)),
    "Permute": lambda params: params.get(0, 0) == 0,
    "Tile": lambda params: params.get(1, 1) == 1 and 2 not in params,
}


def resizes_nothing(graph: Graph, layer: Layer, _: Options) -> bool:
    """True for an Interp of a map of which the text says that width and height stay, or of a matrix that keeps its width.

    Source: the early returns in the `forward` of ncnn's `src/layer/{arm/interp_arm,x86/interp_x86}.cpp`.
    """
    if layer.type != "Interp" or len(layer.bottoms) != 1:
        return False
    shape, new = (tuple(shapes_in(graph).get(name, ())) for name in (layer.bottoms[0], layer.tops[0]))
    if len(shape) < 2 or len(shape) != len(new):
        return False
    if all(shape):
        return shape == new
    scales = {2: (_WIDTH_SCALE,), 3: (_HEIGHT_SCALE, _WIDTH_SCALE)}.get(len(shape), ())
    return all(layer.params.get(scale, 1.0) == 1 for scale in scales) and not _SIZES.intersection(layer.params)


_HEIGHT_SCALE, _WIDTH_SCALE = 1, 2
_SIZES = {3, 4, 5, 9}
"""Interp's parameters that say a size otherwise than by a scale."""
