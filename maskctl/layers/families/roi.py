"""What the three layers share that pool a region of interest: its box, and the bins the box is cut into.

The second bottom holds the box as x1, y1, x2, y2 in its first four elements. Of several boxes, such as a Proposal
gives, the first one counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Params, Shape
from maskctl.layers.families.windows import require_map
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np, npt

Indices: TypeAlias = "npt.NDArray[np.intp]"

_MOST_BINS = 1 << 16


def pooled(params: Params) -> tuple[int, int]:
    """Bins along the height and the width; raises `GraphError` for none, and for absurdly many."""
    found = params.integer("pooled_height"), params.integer("pooled_width")
    if min(found) < 1 or math.prod(found) > _MOST_BINS:
        raise GraphError(
            f"pooled_width is {found[1]} and pooled_height {found[0]}. Expected 1 or more each, {_MOST_BINS} bins at most."
        )
    return found


def require_box(inputs: tuple[Shape, ...]) -> tuple[int, int, int]:
    """The shape (c, h, w) of the map; raises `ExecutionError` where it is none or the second blob holds no box."""
    box = inputs[1]
    if not box[0] or math.prod(box[1:] if len(box) > 2 else box) < 4:
        raise ExecutionError(
            f"the second input has shape {box}. Expected a box x1, y1, x2, y2 in its first four elements, within one channel."
        )
    return require_map(inputs[:1])


def corners(boxes: Array) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """x1, y1, x2 and y2 of each sample's box, (n,) each."""
    first = boxes.reshape(len(boxes), -1)[:, :4].astype(np.float32)
    return first[:, 0], first[:, 1], first[:, 2], first[:, 3]


def rounded(values: FloatArray) -> FloatArray:
    """To the nearest integer, halves away from zero."""
    exact = values.astype(np.float64)
    return np.trunc(exact + np.copysign(0.5, exact)).astype(np.float32)


@dataclass(frozen=True)
class Bins:
    """The pixels of each bin along one axis: from `first` to before `end`, (n, bins)."""

    first: Indices
    end: Indices

    @classmethod
    def within(cls, extent: int, first: FloatArray, end: FloatArray) -> Bins:
        """Bins with these edges, cut to a map's extent; edges that are no numbers count as 0."""
        low, high = (
            np.fmax(np.fmin(np.where(np.isnan(edge), np.float32(0), edge), np.float32(extent)), np.float32(0)).astype(
                np.intp
            )
            for edge in (first, end)
        )
        return cls(low, high)

    @property
    def sizes(self) -> Indices:
        """Pixels in each bin, 0 in empty ones."""
        found: Indices = np.maximum(self.end - self.first, 0)
        return found

    @property
    def longest(self) -> int:
        """Pixels in the longest bin."""
        return int(self.sizes.max())
