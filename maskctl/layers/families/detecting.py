"""What detection layers share: the engine's sorting order, greedy suppression of overlapping boxes, and libm's exp.

Boxes are arrays (boxes, 4) of x1, y1, x2, y2. Source: ncnn `src/layer/detectionoutput.cpp`,
`src/layer/yolov3detectionoutput.cpp`, `src/layer/proposal.cpp`, which hold the same code.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from maskctl.errors import ExecutionError
from maskctl.layers.base import Array, Shape
from maskctl.layers.families.elementwise import larger, smaller
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np, npt

Indices: TypeAlias = "npt.NDArray[np.intp]"


def exponential(values: FloatArray) -> FloatArray:
    """exp as libm's `expf` gives it: rounded once, which numpy's own fp32 exp is not."""
    return np.exp(values.astype(np.float64)).astype(np.float32)


def sigmoid(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-values)) in fp32, with the exponential of `exponential`; the layer Sigmoid has numpy's."""
    one = np.float32(1)
    return one / (one + exponential(-values))


def elements(values: Array, least: int, what: str) -> Array:
    """The first `least` elements of a single sample's blob, which the engine reads as one run of memory.

    Raises `ExecutionError` for fewer, and for a blob whose channels do not lie behind each other without a gap:
    ncnn starts each at a multiple of 16 bytes.
    """
    require_readable(values.shape[1:], least, what)
    return values.reshape(-1)[:least]


def require_readable(shape: Shape, least: int, what: str) -> None:
    """Raises the `ExecutionError` of `elements`."""
    if math.prod(shape) < least:
        raise ExecutionError(f"the {what} has shape {shape}, {math.prod(shape)} elements. Expected {least} or more.")
    if len(shape) > 2 and shape[0] > 1 and math.prod(shape[1:]) % 4:
        raise ExecutionError(
            f"the {what} has shape {shape}, and the engine would read the gaps between its channels. "
            "Expected one vector: put a Flatten in front."
        )


def descending(scores: FloatArray) -> Indices:
    """Where the engine's sort puts which element, the largest score first.

    Its quicksort is not stable, so equal scores come out as its partitions happen to leave them; NaN, which is neither
    above nor below a pivot, disturbs them too. Scores that all differ have one order only.
    """
    order = np.arange(len(scores))
    pending = [(0, len(scores))]
    while pending:
        start, stop = pending.pop()
        part = order[start:stop]
        sorted_part = part[np.argsort(-scores[part])]
        if (scores[sorted_part[:-1]] > scores[sorted_part[1:]]).all():
            part[:] = sorted_part
            continue
        end, begin = _partition(part, scores)
        pending += [(start, start + end), (start + begin, stop)]
    return order


def _partition(part: Indices, scores: FloatArray) -> tuple[int, int]:
    """Swaps `part` as Hoare's two pointers do; returns where the left remainder ends and the right one begins.

    The pointers walk inwards and stop at whatever is not strictly on its proper side of the pivot, the element in
    the middle; the k-th stop of one is swapped with the k-th of the other until they have met.
    """
    seen = scores[part]
    pivot = seen[(len(seen) - 1) // 2]
    left, right = np.flatnonzero(~(seen > pivot)), np.flatnonzero(~(seen < pivot))[::-1]
    pairs = min(len(left), len(right))
    swaps = int(np.count_nonzero(left[:pairs] <= right[:pairs]))
    first, last = left[:swaps], right[:swaps]
    part[first], part[last] = part[last], part[first]
    begin, end = int(first[-1]) + 1, int(last[-1]) - 1
    if begin <= end:  # The pointers run on to their next stop, or to what the other one has swapped.
        begin = min(int(last[-1]), *left[swaps : swaps + 1].tolist(), len(part))
        end = max(int(first[-1]), *right[swaps : swaps + 1].tolist(), 0)
    return end + 1, begin


def areas(boxes: FloatArray) -> FloatArray:
    """Width times height; a box of one point has none."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def kept(
    boxes: FloatArray, area: FloatArray, threshold: float, *, most: int | None = None, by_product: bool = False
) -> Indices:
    """Which boxes, the best first, overlap none kept before them by more than `threshold`; `most` ends it early.

    The overlap is intersection over union. Two boxes without area, 0 / 0, suppress each other wherever they lie: the
    engine is built with -Ofast, and on x86 as on arm64 its test reads "not at most". `by_product` asks whether the
    intersection is above the threshold times the union instead, which no two boxes without area are.
    """
    limit, alive = np.float32(threshold), np.arange(len(boxes))
    chosen: list[np.intp] = []
    with np.errstate(all="ignore"):
        while alive.size and (most is None or len(chosen) < most):
            first, alive = alive[0], alive[1:]
            chosen.append(first)
            shared = intersections(boxes[alive], boxes[first])
            union = area[alive] + area[first] - shared
            alive = alive[~(shared > limit * union) if by_product else shared / union <= limit]
    return np.array(chosen, np.intp)


def intersections(boxes: FloatArray, other: FloatArray) -> FloatArray:
    """The area each box has in common with the other one; 0 where they lie apart."""
    x1, y1, x2, y2 = boxes.T
    apart = (x1 > other[2]) | (x2 < other[0]) | (y1 > other[3]) | (y2 < other[1])
    width = smaller(x2, other[2]) - larger(x1, other[0])
    height = smaller(y2, other[3]) - larger(y1, other[1])
    return np.where(apart, np.float32(0), width * height)


def clipped(values: FloatArray, low: FloatArray | np.float32, high: FloatArray | np.float32) -> FloatArray:
    """The values between `low` and `high`; NaN stays."""
    return larger(smaller(values, high), low)


def centred(centre_x: FloatArray, centre_y: FloatArray, width: FloatArray, height: FloatArray) -> FloatArray:
    """Boxes from their centres and extents."""
    half_width, half_height = width * np.float32(0.5), height * np.float32(0.5)
    return np.stack(
        [centre_x - half_width, centre_y - half_height, centre_x + half_width, centre_y + half_height], axis=-1
    )


def detections(labels: Array, scores: FloatArray, boxes: FloatArray) -> FloatArray:
    """The rows (boxes, 6) of a detection layer's top: label, score, box."""
    return np.column_stack([labels.astype(np.float32), scores, boxes])
