"""GridSample: a map or a volume looked up at the points of a grid, whose coordinates run from -1 to 1 over it.

Without `permute_fusion` the grid is (out_h, out_w, 2), x before y, or (out_d, out_h, out_w, 3) for a volume; with it
the coordinates come first. Reflection reflects once at each end: with `align_corner`, points more than a map's size
away from it give 0. Volumes have no bicubic interpolation.

Source: ncnn `src/layer/gridsample.cpp`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.sampling import Pixels, cubic_weights, linear
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

BILINEAR, NEAREST, BICUBIC = 1, 2, 3
ZEROS, BORDER, REFLECTION = 1, 2, 3

PARAMS = (
    Param(0, "sample_type", 1, "1 bilinear, 2 nearest, 3 bicubic"),
    Param(1, "padding_mode", 1, "outside of the map: 1 zeros, 2 the nearest pixel, 3 reflection"),
    Param(2, "align_corner", 0, "1: -1 and 1 are the centers of the outermost pixels, else their edges"),
    Param(3, "permute_fusion", 0, "1: the grid has the coordinates as its channels"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The channels of the map and the extents of the grid."""
    kind, outside = params.integer("sample_type"), params.integer("padding_mode")
    if kind not in {BILINEAR, NEAREST, BICUBIC} or outside not in {ZEROS, BORDER, REFLECTION}:
        raise GraphError(f"sample_type is {kind} and padding_mode {outside}. Expected 1, 2 or 3 each.")
    values, grid = inputs
    if len(values) not in {3, 4} or (len(values) == 4 and kind == BICUBIC):
        expected = "a map (c, h, w)" + ("" if kind == BICUBIC else " or a volume (c, d, h, w)")
        raise ExecutionError(f"the input has shape {values}. Expected {expected}.")
    axes, first = len(values) - 1, bool(params.integer("permute_fusion"))
    if len(grid) != len(values) or grid[0 if first else -1] != axes:
        raise ExecutionError(
            f"the grid has shape {grid}. Expected {axes} coordinates as its {'first' if first else 'last'} extent "
            f"and {axes} more extents."
        )
    return ((values[0], *(grid[1:] if first else grid[:-1])),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The values at the points in fp32; a point that is no number gives NaN, or the last pixel where points are moved."""
    values, grid = inputs
    shapes(params, (values.shape[1:], grid.shape[1:]))
    pixels, kind = Pixels.of(values), params.integer("sample_type")
    with np.errstate(all="ignore"):
        points = _points(params, grid, pixels.extents)
        if kind == BICUBIC:
            found = _cubic(params, pixels, points)
        else:
            points = [_moved(params, point, extent) for point, extent in zip(points, pixels.extents, strict=True)]
            nearest = [np.floor(point + np.float32(0.5)) for point in points]
            found = pixels.at(nearest) if kind == NEAREST else linear(pixels, points)
    return (np.moveaxis(found, -1, 1),)


def _points(params: Params, grid: FloatArray, extents: Shape) -> list[FloatArray]:
    """Where the points lie in pixels, outermost axis first."""
    coordinates = grid if params.integer("permute_fusion") else np.moveaxis(grid, -1, 1)
    one, two, found = np.float32(1), np.float32(2), []
    for axis, extent in enumerate(extents):
        coordinate, size = coordinates[:, len(extents) - 1 - axis] + one, np.float32(extent)
        aligned = params.integer("align_corner")
        found.append(coordinate / two * (size - one) if aligned else (coordinate * size - one) / two)
    return found


def _moved(params: Params, point: FloatArray, extent: int) -> FloatArray:
    """The point where it is looked up along an axis."""
    mode, size, last, half = params.integer("padding_mode"), np.float32(extent), np.float32(extent - 1), np.float32(0.5)
    if mode == REFLECTION and params.integer("align_corner"):
        return last - np.abs(np.abs(point) - last)
    if mode == REFLECTION:
        point = size - np.abs(np.abs(point + half) - size) - half
    return np.fmax(np.fmin(point, last), np.float32(0)) if mode in {BORDER, REFLECTION} else point


def _cubic(params: Params, pixels: Pixels, points: Sequence[FloatArray]) -> FloatArray:
    """The sums over four by four pixels, each of which is moved into the map by itself."""
    places, weights = [], []
    for point, extent in zip(points, pixels.extents, strict=True):
        floor = np.floor(point)
        places.append([np.trunc(_moved(params, floor + np.float32(step), extent)) for step in (-1, 0, 1, 2)])
        weights.append([weight[..., None] for weight in cubic_weights(point - floor)])
    rows = (
        _total(pixels.at([place, along]) * weight for along, weight in zip(places[1], weights[1], strict=True))
        for place in places[0]
    )
    return _total(row * weight for row, weight in zip(rows, weights[0], strict=True))


def _total(terms: Iterable[FloatArray]) -> FloatArray:
    return reduce(np.add, terms)


LAYER = LayerType("GridSample", range(2, 3), forward, PARAMS, shapes=shapes)
