"""ROIPooling: the maximum over each of `pooled_width` x `pooled_height` bins of a box in a map.

The box's corners are rounded to pixels, both belong to it, and bins overlap where they do not come out even. A bin
outside of the map gives 0. NaN counts only where it is the first pixel of a bin, as C++'s `std::max` has it.

Source: ncnn `src/layer/roipooling.cpp`.
"""

from __future__ import annotations

from functools import reduce

from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.roi import Bins, corners, pooled, require_box, rounded
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "pooled_width", 0, "bins along the width"),
    Param(1, "pooled_height", 0, "bins along the height"),
    Param(2, "spatial_scale", 1.0, "size of the map over that of the image the box is in"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c, pooled_height, pooled_width)."""
    return ((require_box(inputs)[0], *pooled(params)),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The maxima, first down each bin's columns, then along the row of those."""
    values, boxes = inputs
    shapes(params, (values.shape[1:], boxes.shape[1:]))
    scale = np.float32(params.real("spatial_scale"))
    with np.errstate(all="ignore"):
        left, top, right, bottom = (rounded(corner * scale) for corner in corners(boxes))
        rows, columns = (
            _bins(first, last, count, extent)
            for first, last, count, extent in zip(
                (top, left), (bottom, right), pooled(params), values.shape[2:], strict=True
            )
        )
    maps = np.moveaxis(values, 1, -1)
    n, row, column = np.arange(len(maps))[:, None, None], rows.first[:, :, None], columns.first[:, None]
    start = maps[n, np.minimum(row, maps.shape[1] - 1), np.minimum(column, maps.shape[2] - 1)]
    found = _largest(_largest(maps, rows, 1), columns, 2)
    found = np.where(np.isnan(start), start, found)
    occupied = (rows.sizes[:, :, None] > 0) & (columns.sizes[:, None] > 0)
    return (np.moveaxis(np.where(occupied[..., None], found, np.float32(0)), -1, 1),)


def _bins(first: FloatArray, last: FloatArray, count: int, extent: int) -> Bins:
    size = np.maximum(last - first + np.float32(1), np.float32(1))[:, None] / np.float32(count)
    edges = np.arange(count + 1, dtype=np.float32) * size
    return Bins.within(extent, first[:, None] + np.floor(edges[:, :-1]), first[:, None] + np.ceil(edges[:, 1:]))


def _largest(maps: Array, bins: Bins, axis: int) -> Array:
    """The maximum over each bin along `axis` of maps (n, h, w, c), NaN left out; bins may be of different sizes."""
    last = np.clip(bins.end - 1, 0, maps.shape[axis] - 1)
    across = (-1, *(1 if other != axis else last.shape[1] for other in range(1, 4)))
    seen = (
        np.take_along_axis(maps, np.minimum(bins.first + step, last).reshape(across), axis)
        for step in range(max(bins.longest, 1))
    )
    return reduce(np.fmax, seen)


LAYER = LayerType("ROIPooling", range(2, 3), forward, PARAMS, shapes=shapes)
