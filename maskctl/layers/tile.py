"""Tile: a blob several times behind itself along one axis, or along each.

An axis outside of 0 to 3 is refused by the engine, and one that the blob does not have changes nothing. A list of repeats ends at w
and may be longer than the blob's rank: what the blob lacks is 1. A map (c, h, w) lacks its depth, not something
outside its channels: four repeats are for c, d, h, w.

Source: ncnn `src/layer/tile.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import NAMES, extent, require_extents, whole_numbers
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "axis", 0, "axis in (c, d, h, w) order"),
    Param(1, "tiles", 1, "how many times"),
    Param(2, "repeats", (), "how many times along the axes, the last is w's; instead of axis and tiles"),
)


def _repeats(params: Params, shape: Shape) -> dict[str, int]:
    """How many times, by the name of the extent; raises `GraphError` for what the engine refuses."""
    repeats, axis, tiles = whole_numbers(params, "repeats"), params.integer("axis"), params.integer("tiles")
    if len(repeats) > len(NAMES):
        raise GraphError(f"repeats has {len(repeats)} entries. Expected at most {len(NAMES)}.")
    if min(tiles, *repeats, 1) < 1 or axis not in range(len(NAMES)):
        raise GraphError(
            f"axis is {axis}, tiles {tiles}, repeats {repeats}. Expected an axis from 0 to 3, and 1 or more."
        )
    if repeats:
        # Three repeats of a blob (c, d, h, w) are those of d, h, w.
        names = NAMES[max(len(repeats), len(shape))][-len(repeats) :]
        return dict(zip(names, repeats, strict=True))
    names = NAMES[len(shape)]
    return {names[axis if len(shape) > 1 else 0]: tiles} if len(shape) == 1 or axis < len(shape) else {}


def _extents(params: Params, shape: Shape) -> list[tuple[int, int]]:
    """How many times, and of how many, for each axis of the result."""
    repeats = _repeats(params, shape)
    names = NAMES[max(len(shape), len(params.array("repeats")))]
    return [(repeats.get(name, 1), extent(shape, name)) for name in names]


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's extents, multiplied."""
    return (require_extents(tuple(times * size for times, size in _extents(params, inputs[0]))),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The repeated blob."""
    values = inputs[0]
    (shape,) = shapes(params, (values.shape[1:],))
    pairs = _extents(params, values.shape[1:])
    once = values.reshape(len(values), *(part for _, size in pairs for part in (1, size)))
    return (np.broadcast_to(once, (len(values), *(size for pair in pairs for size in pair))).reshape(-1, *shape),)


LAYER = LayerType("Tile", range(1, 2), forward, PARAMS, shapes=shapes)
