"""Which layers hand 16-bit blobs on although their mask has their storage off, where that depends on parameters and shapes.

The code for fp32 runs then, on channels that lie in eights, fours or one by one. What it copies whole, or as bytes, is right;
where it counts its way in floats, or expects fours of floats, it is not. Source: `forward` in ncnn
`src/layer/arm/{concat,slice,flatten,reshape,padding,shufflechannel}_arm.cpp`, and `convert_layout` in `src/net.cpp` for
how channels lie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from maskctl import featmask
from maskctl.graph.network import Graph, Layer
from maskctl.kernels.packing import Options
from maskctl.targets.extents import integer_of, shapes_in
from maskctl.targets.identity import resizes_nothing

Blob: TypeAlias = Sequence[int]
"""A blob's shape, outermost extent first; 0 stands for an unknown extent, and nothing at all for an unknown rank."""

Rule: TypeAlias = Callable[[Layer, Sequence[Blob], Sequence[Blob], Options], bool]
"""Of a layer, the shapes of its bottoms and tops, and the engine's options as its mask leaves them."""

_MAPS = {3, 4}
"""The ranks with channels, each of which begins anew; the rows of a matrix and the numbers of a vector are counted in floats."""


def hands_on(graph: Graph, layer: Layer, options: Options) -> bool:
    """True where the text says enough of the shapes to be sure that the 16-bit blobs leave as what they are."""
    if layer.type not in _RULES:
        return resizes_nothing(graph, layer, options)
    shapes = shapes_in(graph)
    bottoms, tops = ([shapes.get(name, ()) for name in names] for names in (layer.bottoms, layer.tops))
    return all(bottoms) and all(tops) and _RULES[layer.type](layer, bottoms, tops, options)


def _together(shape: Blob, options: Options) -> int:
    """How many channels of a 16-bit blob lie side by side where it arrives; 0 where that is not known."""
    by_eights = shape[0] > 0 and shape[0] % 8 == 0 and "use_fp16_arithmetic" in options
    return 8 if by_eights and "use_packing_layout" in options else _made_together(shape, options)


def _made_together(shape: Blob, options: Options) -> int:
    """How many channels the code for fp32 puts side by side in what it makes; 0 where that is not known."""
    if not shape[0]:
        return 0
    return 4 if shape[0] % 4 == 0 and "use_packing_layout" in options else 1


def _is_outermost(layer: Layer, param_id: int, shape: Blob) -> bool:
    return integer_of(layer, param_id, 0) in {0, -len(shape)}


def _of_concat(layer: Layer, bottoms: Sequence[Blob], _: Sequence[Blob], options: Options) -> bool:
    """Channels of maps are copied whole where those of all inputs lie alike; of eights it knows nothing.

    An input alone begins where the result does, whatever its rank; along another axis so does the first piece of each channel, or
    row of a matrix, which is whole where no more extents lie between.
    """
    shape, is_alone = bottoms[0], len(bottoms) == 1
    axis = integer_of(layer, 0, 0) % len(shape)
    if is_alone and axis:
        return math.prod(shape[1:axis]) == 1
    if (len(shape) not in _MAPS and not is_alone) or not _is_outermost(layer, 0, shape):
        return False
    return (is_alone and len(shape) == 1) or {_together(each, options) for each in bottoms} in ({1}, {4})


def _of_slice(layer: Layer, bottoms: Sequence[Blob], tops: Sequence[Blob], options: Options) -> bool:
    """Channels of maps are copied whole, in eights too, where those of all pieces lie alike, and no finer in the blob."""
    if len(bottoms[0]) not in _MAPS or not _is_outermost(layer, 1, bottoms[0]):
        return False
    made = {_made_together(shape, options) for shape in tops}
    return made == {1} or made == {_made_together(bottoms[0], options)} == {_FOUR}


def _of_flatten(_: Layer, bottoms: Sequence[Blob], __: Sequence[Blob], options: Options) -> bool:
    return _flattens(bottoms[0], options)


def _flattens(shape: Blob, options: Options) -> bool:
    """A vector is handed on, and so are the rows of a matrix one by one; bytes are copied where fours do not come out even."""
    if len(shape) == 1:
        return True
    if _together(shape, options) != 1:
        return False
    is_odd = math.prod(shape) % 4 != 0
    return len(shape) == 2 or is_odd or "use_packing_layout" not in options


def _of_reshape(layer: Layer, bottoms: Sequence[Blob], tops: Sequence[Blob], options: Options) -> bool:
    """The blob keeps its memory where its outermost extent does not change; else it is flattened first."""
    shape, new = bottoms[0], tops[0]
    if not layer.params.keys() <= _EXTENTS | _READ_BY_NO_LAYER:
        return False
    if len(new) == 1:
        return _flattens(shape, options)
    is_alike = len(shape) == len(new) or {len(shape), len(new)} == _MAPS
    if is_alike and shape[0] == new[0] and _together(shape, options) == _made_together(new, options) > 0:
        return True
    return len(new) == 2 and _made_together(new, options) == 1 and _flattens(shape, options)


def _of_padding(layer: Layer, bottoms: Sequence[Blob], tops: Sequence[Blob], options: Options) -> bool:
    """Borders of zeros, or of elements of the blob, are made by the size of the elements where they are not made in fours."""
    kind, shape, new = integer_of(layer, 4, 0), bottoms[0], tops[0]
    if kind == 0 and (layer.params.get(5, 0.0) or layer.params.get(6, 0)):
        return False
    together = _together(shape, options)
    if together != _FOUR:
        return together > 0
    begins = {1: integer_of(layer, 2, 0), 2: integer_of(layer, 0, 0), 3: integer_of(layer, 7, 0)}.get(len(shape), 0)
    in_fours = begins % 4 == 0 and _made_together(new, options) == _FOUR
    if len(shape) in _MAPS:
        is_made = kind == 0 or (len(shape) == 3 and new[0] == shape[0])
        return not (in_fours and is_made)
    return not (in_fours and kind == 0)


def _of_shuffle(layer: Layer, bottoms: Sequence[Blob], _: Sequence[Blob], options: Options) -> bool:
    """Channels one by one are copied as bytes, and fours are taken apart where the groups are many or do not come out even."""
    written, channels = integer_of(layer, 0, 1), bottoms[0][0]
    group = channels // written if integer_of(layer, 1, 0) and written > 0 else written
    if 1 in {written, group}:  # nothing changes its place
        return True
    if _together(bottoms[0], options) != _FOUR:
        return _together(bottoms[0], options) == 1
    return group > _FOUR or (group != 2 and channels // _FOUR % group != 0)


_FOUR = 4
_EXTENTS = {0, 1, 2, 11}
"""Reshape's parameters that are numbers, not an expression or the place of the samples."""
_READ_BY_NO_LAYER = {30, featmask.PARAM_ID}
"""Shape hints, and the mask."""

_RULES: Mapping[str, Rule] = {
    "Concat": _of_concat,
    "Flatten": _of_flatten,
    "Padding": _of_padding,
    "Reshape": _of_reshape,
    "ShuffleChannel": _of_shuffle,
    "Slice": _of_slice,
}
