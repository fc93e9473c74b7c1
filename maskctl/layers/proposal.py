"""Proposal: the regions a Faster R-CNN looks at: anchors moved and scaled, the best of them, overlaps removed.

The inputs are scores (the second half of the channels: 9 maps of objectness), box deltas (36, h, w) and the image's
height, width and scale. The anchors are fixed: 3 aspect ratios (0.5, 1, 2) by 3 scales (8, 16, 32) of base_size. The
tops are regions (n, 1, 4): x1, y1, x2, y2 in pixels, the best first, and, if asked for, their scores (n, 1, 1). Where no
region is large enough the engine fails, and maskctl gives tops without regions.

Source: ncnn `src/layer/proposal.cpp`.
"""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weights, always
from maskctl.layers.families import detecting
from maskctl.layers.families.roi import rounded
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

RATIOS = (0.5, 1.0, 2.0)
SCALES = (8.0, 16.0, 32.0)
ANCHORS = len(RATIOS) * len(SCALES)

PARAMS = (
    Param(0, "feat_stride", 16, "pixels of the image per cell"),
    Param(1, "base_size", 16, "extent of the anchors before scaling, in pixels"),
    Param(2, "pre_nms_topN", 6000, "regions that are looked at; 0 or less: all"),
    Param(3, "after_nms_topN", 300, "regions given at most"),
    Param(4, "nms_thresh", 0.7, "overlap (intersection over union) from which the worse region goes"),
    Param(5, "min_size", 16, "least extent of a region, in pixels of the image before it was scaled"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(regions, 1, 4) and, for a second top, (regions, 1, 1), with as many regions as there can be at most."""
    scores, deltas, image = inputs
    most = params.integer("after_nms_topN")
    if most < 1:
        raise GraphError(f"after_nms_topN is {most}. Expected 1 or more.")
    if len(scores) != 3 or scores[0] < 2 * ANCHORS:
        raise ExecutionError(f"the scores have shape {scores}. Expected a map of {2 * ANCHORS} channels.")
    if len(deltas) != 3 or deltas[0] < 4 * ANCHORS or deltas[1:] != scores[1:]:
        raise ExecutionError(
            f"the box deltas have shape {deltas}. Expected {(4 * ANCHORS, *scores[1:])}, a map as large as the scores'."
        )
    detecting.require_readable(image, 3, "image's height, width and scale")
    regions = min(most, ANCHORS * math.prod(scores[1:]))
    return ((regions, 1, 4), (regions, 1, 1))[: params.tops]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The regions of one sample, (1, regions, 1, 4), and their scores."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    height, width, scale = detecting.elements(inputs[2], 3, "image's height, width and scale")
    scores = inputs[0][0, ANCHORS : 2 * ANCHORS].reshape(-1)
    with np.errstate(all="ignore"):
        boxes = _clipped(_moved(params, inputs[1]), height, width).reshape(-1, 4)
        extents = boxes[:, 2:] - boxes[:, :2] + np.float32(1)
        large = np.flatnonzero((extents >= np.float32(params.integer("min_size")) * scale).all(1))
        best = large[detecting.descending(scores[large])]
        if params.integer("pre_nms_topN") > 0:
            best = best[: params.integer("pre_nms_topN")]
        area, threshold = detecting.areas(boxes[best]), params.real("nms_thresh")
        chosen = best[detecting.kept(boxes[best], area, threshold, most=params.integer("after_nms_topN"))]
    return (boxes[chosen][None, :, None], scores[chosen][None, :, None, None])[: params.tops]


def _anchors(params: Params) -> FloatArray:
    """The anchors of the first cell, (9, 4)."""
    base, ratios = np.float32(params.integer("base_size")), np.array(RATIOS, np.float32)
    widths = rounded(np.divide(base, np.sqrt(ratios), dtype=np.float32))
    first = np.stack([widths, rounded(widths * ratios)], axis=-1)
    extents = (first[:, None] * np.array(SCALES, np.float32)[:, None]).reshape(-1, 2) * np.float32(0.5)
    return np.concatenate([base * np.float32(0.5) - extents, base * np.float32(0.5) + extents], axis=1)


def _moved(params: Params, deltas: Array) -> FloatArray:
    """The anchors of all cells moved by parts of their extents and scaled, (9, h, w, 4)."""
    by_anchor = deltas[0, : 4 * ANCHORS].reshape(ANCHORS, 4, *deltas.shape[2:])
    anchors = _anchors(params)[:, :, None, None]
    width, height = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    stride = np.float32(params.integer("feat_stride"))
    rows, columns = (np.arange(extent, dtype=np.float32) * stride for extent in deltas.shape[2:])
    centre_x = (anchors[:, 0] + columns) + width * np.float32(0.5)
    centre_y = (anchors[:, 1] + rows[:, None]) + height * np.float32(0.5)
    return detecting.centred(
        centre_x + width * by_anchor[:, 0],
        centre_y + height * by_anchor[:, 1],
        width * detecting.exponential(by_anchor[:, 2]),
        height * detecting.exponential(by_anchor[:, 3]),
    )


def _clipped(boxes: FloatArray, height: np.float32, width: np.float32) -> FloatArray:
    """The boxes as far as they lie in the image, whose last pixel is at its extent less 1."""
    ends = np.array([width, height, width, height], np.float32) - np.float32(1)
    return detecting.clipped(boxes, np.float32(0), ends)


LAYER = LayerType("Proposal", range(3, 4), forward, PARAMS, shapes=shapes, tops=range(1, 3), by_value=always)
