"""Values at points between the pixels of maps: what GridSample, DeformableConv2D, ROIAlign and Interp share.

Points are given by one array (n, …) of positions per axis of the map, outermost axis first: (y, x) or (z, y, x).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maskctl.layers.base import Array, Shape
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np


@dataclass(frozen=True)
class Pixels:
    """The pixels of maps (n, c, …) in rows of c values, sample by sample."""

    rows: Array
    samples: int
    extents: Shape

    @classmethod
    def of(cls, values: Array) -> Pixels:
        """The pixels of these maps; no copy where the channels are innermost in memory."""
        rows = np.ascontiguousarray(np.moveaxis(values, 1, -1)).reshape(-1, values.shape[1])
        return cls(rows, len(values), values.shape[2:])

    def at(self, places: Sequence[FloatArray], *, clamped: bool = False) -> FloatArray:
        """The pixels at whole places, (n, …, c): outside of the map 0, or with `clamped` the nearest one."""
        index = np.arange(self.samples).reshape(-1, *(1,) * (places[0].ndim - 1))
        inside = np.ones(places[0].shape, np.bool_)
        for place, extent in zip(places, self.extents, strict=True):
            inside &= (place >= 0) & (place < extent)
            index = index * extent + np.fmax(np.fmin(place, np.float32(extent - 1)), np.float32(0)).astype(np.intp)
        found = self.rows.take(index, axis=0)
        return found if clamped or inside.all() else np.where(inside[..., None], found, np.float32(0))


def linear(pixels: Pixels, points: Sequence[FloatArray], *, clamped: bool = False) -> FloatArray:
    """The values at points (n, …, c), from the pixels around them, interpolated along the innermost axis first."""
    return _blended(pixels, points, [np.floor(point) for point in points], (), clamped=clamped)


def _blended(
    pixels: Pixels,
    points: Sequence[FloatArray],
    floors: Sequence[FloatArray],
    chosen: tuple[FloatArray, ...],
    *,
    clamped: bool,
) -> FloatArray:
    """The values where the places along the outer axes are `chosen`, interpolated along the remaining ones."""
    axis = len(chosen)
    if axis == len(points):
        return pixels.at(chosen, clamped=clamped)
    share = (points[axis] - floors[axis])[..., None]
    near, far = (
        _blended(pixels, points, floors, (*chosen, floors[axis] + np.float32(step)), clamped=clamped) for step in (0, 1)
    )
    return near * (np.float32(1) - share) + far * share


def cubic_weights(share: FloatArray) -> list[FloatArray]:
    """What the four pixels around points weigh that lie `share` behind the second of them (A = -0.75)."""
    a = np.float32(-0.75)
    one, two, three, four, five, eight = (np.float32(number) for number in (1, 2, 3, 4, 5, 8))
    before, after = share + one, one - share
    first = a * before * before * before - five * a * before * before + eight * a * before - four * a
    second, third = ((a + two) * away * away * away - (a + three) * away * away + one for away in (share, after))
    return [first, second, third, one - first - second - third]
