"""PSROIPooling: averages over the bins of a box in a map, each bin in a channel of its own.

Output (q, y, x) is taken from channel (q * pooled_height + y) * pooled_width + x. The corners are rounded in the
image, before they are scaled; bins overlap where they do not come out even, and one outside of the map gives 0.

Source: ncnn `src/layer/psroipooling.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.roi import Bins, corners, pooled, require_box, rounded
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "pooled_width", 7, "bins along the width"),
    Param(1, "pooled_height", 7, "bins along the height"),
    Param(2, "spatial_scale", 0.0625, "size of the map over that of the image the box is in"),
    Param(3, "output_dim", 0, "output channels"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(output_dim, pooled_height, pooled_width)."""
    bins, outputs, channels = pooled(params), params.integer("output_dim"), require_box(inputs)[0]
    if outputs < 1:
        raise GraphError(f"output_dim is {outputs}. Expected 1 or more.")
    if channels != outputs * bins[0] * bins[1]:
        raise ExecutionError(
            f"the map has {channels} channels. Expected {outputs * bins[0] * bins[1]}: output_dim x pooled_width x pooled_height."
        )
    return ((outputs, *bins),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The averages, summed pixel by pixel along the rows, in fp32."""
    values, boxes = inputs
    outputs, *counts = shapes(params, (values.shape[1:], boxes.shape[1:]))[0]
    x1, y1, x2, y2 = corners(boxes)
    scale, one = np.float32(params.real("spatial_scale")), np.float32(1)
    with np.errstate(all="ignore"):
        rows, columns = (
            _bins(rounded(first) * scale, rounded(last + one) * scale, count, extent)
            for first, last, count, extent in zip((y1, x1), (y2, x2), counts, values.shape[2:], strict=True)
        )
        maps = values.reshape(len(values), outputs, *counts, *values.shape[2:])
        area = (rows.sizes[:, :, None] * columns.sizes[:, None]).astype(np.float32)[..., None]
        averages = np.where(area > 0, _sum(maps, rows, columns) / area, np.float32(0))
    return (np.moveaxis(averages, -1, 1),)


def _bins(first: FloatArray, last: FloatArray, count: int, extent: int) -> Bins:
    size = np.maximum(last - first, np.float32(0.1))[:, None] / np.float32(count)
    edges = first[:, None] + np.arange(count + 1, dtype=np.float32) * size
    return Bins.within(extent, np.floor(edges[:, :-1]), np.ceil(edges[:, 1:]))


def _sum(maps: FloatArray, rows: Bins, columns: Bins) -> FloatArray:
    """The sums of the bins (n, bins down, bins along, q), from maps (n, q, bins down, bins along, h, w)."""
    n, down, along = np.ogrid[: len(maps), : maps.shape[2], : maps.shape[3]]
    total = np.zeros((len(maps), *maps.shape[2:4], maps.shape[1]), np.float32)
    for step_down, step_along in np.ndindex(rows.longest, columns.longest):
        row, column = rows.first + step_down, columns.first + step_along
        inside = (row < rows.end)[:, :, None] & (column < columns.end)[:, None]
        row, column = np.minimum(row, maps.shape[4] - 1), np.minimum(column, maps.shape[5] - 1)
        seen = maps[n, :, down, along, row[:, :, None], column[:, None]]
        total += np.where(inside[..., None], seen, np.float32(0))
    return total


LAYER = LayerType("PSROIPooling", range(2, 3), forward, PARAMS, shapes=shapes)
