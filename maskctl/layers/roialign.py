"""ROIAlign: averages of interpolated values over a grid of points in each bin of a box.

Version 0, ncnn's own, cuts the bins at the edges of the map but spreads the points as if it had not; version 1, that
of detectron2, leaves out the points outside of the map and divides by their full number all the same. Points behind
the last pixel count as on it; version 0 of the engine reads past the map there.

Source: ncnn `src/layer/roialign.cpp`.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.roi import corners, pooled, require_box
from maskctl.layers.families.sampling import Pixels, linear
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

ORIGINAL, DETECTRON2 = 0, 1
_MOST_POINTS = 1 << 14

PARAMS = (
    Param(0, "pooled_width", 0, "bins along the width"),
    Param(1, "pooled_height", 0, "bins along the height"),
    Param(2, "spatial_scale", 1.0, "size of the map over that of the image the box is in"),
    Param(3, "sampling_ratio", 0, "points per bin along each axis; 0: as many as it has pixels"),
    Param(4, "aligned", 0, "1: pixels are at whole numbers, the box is moved by half a pixel"),
    Param(5, "version", 0, "0 ncnn's, 1 detectron2's"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c, pooled_height, pooled_width)."""
    if params.integer("version") not in {ORIGINAL, DETECTRON2}:
        raise GraphError(f"version is {params.integer('version')}. Expected 0 or 1.")
    return ((require_box(inputs)[0], *pooled(params)),)


@dataclass(frozen=True)
class _Grid:
    """The points along one axis of a map: bins of `size` (n, 1) start at `start` (n, bins), with `count` points each."""

    start: FloatArray
    size: FloatArray
    count: FloatArray

    def point(self, number: int) -> FloatArray:
        """Where the point of this number lies in each bin."""
        return self.start + (np.float32(number) + np.float32(0.5)) * self.size / self.count

    @property
    def longest(self) -> int:
        """Points in the bin that has most."""
        return int(self.count.max())


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The averages in fp32, summed point by point along the rows."""
    values, boxes = inputs
    shapes(params, (values.shape[1:], boxes.shape[1:]))
    scale, half = np.float32(params.real("spatial_scale")), np.float32(0.5 if params.integer("aligned") else 0)
    with np.errstate(all="ignore"):
        left, top, right, bottom = (corner * scale - half for corner in corners(boxes))
        make = _detectron2 if params.integer("version") else _original
        rows, columns = (
            make(params, first, last, count, extent)
            for first, last, count, extent in zip(
                (top, left), (bottom, right), pooled(params), values.shape[2:], strict=True
            )
        )
        if rows.longest * columns.longest > _MOST_POINTS:
            raise ExecutionError(
                f"a bin of the box has {columns.longest}x{rows.longest} points. Expected {_MOST_POINTS} at most; "
                "give a smaller box or a sampling_ratio (3=)."
            )
        area = (rows.count[:, :, None] * columns.count[:, None])[..., None]
        total = _sum(values, rows, columns, skipping=params.integer("version") == DETECTRON2)
        return (np.moveaxis(np.where(area > 0, total / area, np.float32(0)), -1, 1),)


def _original(params: Params, first: FloatArray, last: FloatArray, count: int, extent: int) -> _Grid:
    size = _bin_size(params, first, last, count)
    edges = first[:, None] + np.arange(count + 1, dtype=np.float32) * size
    start, end = (np.clip(edge, np.float32(0), np.float32(extent)) for edge in (edges[:, :-1], edges[:, 1:]))
    return _Grid(start, size, np.where(end > start, _points(params, end - start), np.float32(0)))


def _detectron2(params: Params, first: FloatArray, last: FloatArray, count: int, _: int) -> _Grid:
    size = _bin_size(params, first, last, count)
    start = first[:, None] + np.arange(count, dtype=np.float32) * size
    return _Grid(start, size, np.broadcast_to(_points(params, size), start.shape))


def _bin_size(params: Params, first: FloatArray, last: FloatArray, count: int) -> FloatArray:
    size = (last - first)[:, None]
    least = size if params.integer("aligned") else np.maximum(size, np.float32(1))
    found: FloatArray = least / np.float32(count)
    return found


def _points(params: Params, size: FloatArray) -> FloatArray:
    """How many points a stretch of that size has."""
    ratio = params.integer("sampling_ratio")
    counted = np.full(size.shape, ratio, np.float32) if ratio > 0 else np.ceil(size)
    return np.fmin(np.fmax(counted, np.float32(0)), np.float32(1 + _MOST_POINTS))


def _sum(values: FloatArray, rows: _Grid, columns: _Grid, *, skipping: bool) -> FloatArray:
    """The sums over the points of each bin, (n, bins down, bins along, c), without those `skipping` leaves out."""
    pixels = Pixels.of(values)
    total = np.zeros((len(values), rows.start.shape[1], columns.start.shape[1], values.shape[1]), np.float32)
    for down, along in np.ndindex(rows.longest, columns.longest):
        used = (rows.count > down)[:, :, None] & (columns.count > along)[:, None]
        points = [rows.point(down)[:, :, None], columns.point(along)[:, None]]
        for axis, (point, extent) in enumerate(zip(points, pixels.extents, strict=True)):
            if skipping:
                used &= ~((point < -1) | (point > extent))
            points[axis] = np.broadcast_to(np.clip(point, np.float32(0), np.float32(extent - 1)), used.shape)
        total += np.where(used[..., None], linear(pixels, points, clamped=True), np.float32(0))
    return total


LAYER = LayerType("ROIAlign", range(2, 3), forward, PARAMS, shapes=shapes)
