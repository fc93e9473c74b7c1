"""Shape hints: the shapes of a layer's tops as its line may say them.

Source: ncnn `src/net.cpp` (`load_param`), and the checks of the released engine 1.0.20261020.
"""

from __future__ import annotations

from collections.abc import Sequence

from maskctl.graph.network import Layer
from maskctl.layers import Shape
from maskctl.lint.facts.declared import HINTS_ID

_SHORT, _LONG = 4, 5
_MOST_RANK = 4


def malformed(layer: Layer) -> str:
    """Why the newest engine refuses a layer's shape hints, "" where it does not or there are none."""
    value, tops = layer.params.get(HINTS_ID, ()), len(layer.tops)
    if not isinstance(value, tuple):
        return f"'{value}' is no array"
    if any(isinstance(number, float) for number in value):
        return "they are whole numbers"
    if value and len(value) not in {_SHORT * tops, _LONG * tops}:
        return f"there are {len(value)} numbers, and four for each top are {_SHORT * tops}"
    for rank, *extents in _rows(layer):
        if not 0 <= rank <= len(extents) or min(extents) < 0:
            return f"a rank of {rank} with extents {', '.join(map(str, extents))} is none"
    return ""


def _rows(layer: Layer) -> list[list[int]]:
    """The numbers of each top; none where there are no hints."""
    value = layer.params.get(HINTS_ID, ())
    if not isinstance(value, tuple) or not value:
        return []
    step = len(value) // len(layer.tops)
    return [[int(number) for number in value[start : start + step]] for start in range(0, len(value), step)]


def shapes_said(layer: Layer) -> tuple[Shape, ...]:
    """The shapes that sound hints say, one for each top, () for one that is not said; nothing where there are no hints."""
    return () if malformed(layer) else tuple(_shape(*row) for row in _rows(layer))


def _shape(rank: int, *extents: int) -> Shape:
    """The shape that one hint says, outermost axis first; of four extents a map leaves out its depth."""
    width, height, *rest = extents
    if rank == _MOST_RANK:
        return tuple(reversed(extents))
    return {0: (), 1: (width,), 2: (height, width), 3: (rest[-1], height, width)}[rank]


def written_for(shapes: Sequence[Shape]) -> str:
    """The hints that say these shapes, four numbers for each where no volume is among them.

    >>> written_for([(3, 4, 5), (7,)])
    '-23330=8,3,5,4,3,1,7,1,1'
    """
    step = _LONG if any(len(shape) == _MOST_RANK for shape in shapes) else _SHORT
    numbers = [str(number) for shape in shapes for number in _row(shape, step)]
    return f"-233{HINTS_ID}={len(numbers)},{','.join(numbers)}"


def _row(shape: Shape, step: int) -> list[int]:
    """Rank, width, height, depth where there is room, and channels."""
    extents = list(reversed(shape))
    channels = [extents.pop()] if len(shape) > 2 else [1]
    spread = [*extents, *[1] * (step - 2 - len(extents))]
    return [len(shape), *spread, *channels]
