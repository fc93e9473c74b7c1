"""DetectionOutput: the boxes an SSD network finds: priors moved and scaled, the best of each class, overlaps removed.

The inputs are locations, class probabilities and priors; the top is (boxes, 6): label, score, x1, y1, x2, y2, the best
first. Label 0 is the background. Where nothing is found the engine gives no blob at all, and maskctl one without rows.
The engine leaves the box of a prior undefined whose background probability is 1 - confidence_threshold or more; with
probabilities that add up to 1 no class passes the threshold there, and maskctl decodes the box all the same.

With num_class -233, the layout of MXNet, the probabilities are (classes, priors), the priors (priors, 4), and the
variances come from the parameters; else the probabilities are [prior][class] and the priors two rows: boxes, variances.

Source: ncnn `src/layer/detectionoutput.cpp`.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weights, always
from maskctl.layers.families import detecting
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

MXNET = -233

PARAMS = (
    Param(0, "num_class", 0, "classes with the background; -233: the layout of MXNet"),
    Param(1, "nms_threshold", 0.05, "overlap (intersection over union) from which the worse box goes"),
    Param(2, "nms_top_k", 300, "boxes of each class that are looked at"),
    Param(3, "keep_top_k", 100, "boxes given in all"),
    Param(4, "confidence_threshold", 0.5, "probability a box must exceed"),
    Param(5, "variances[0]", 0.1, "factor of the horizontal moves, MXNet layout"),
    Param(6, "variances[1]", 0.1, "factor of the vertical moves, MXNet layout"),
    Param(7, "variances[2]", 0.2, "factor of the logarithms of widths, MXNet layout"),
    Param(8, "variances[3]", 0.2, "factor of the logarithms of heights, MXNet layout"),
)


@dataclass(frozen=True)
class _Counts:
    """How many priors and classes there are."""

    priors: int
    classes: int


def _counts(params: Params, inputs: tuple[Shape, ...]) -> _Counts:
    classes, priors = params.integer("num_class"), inputs[2]
    for name in ("nms_top_k", "keep_top_k"):
        if params.integer(name) < 0:
            raise GraphError(f"{name} is {params.integer(name)}. Expected 0 or more.")
    if classes == MXNET:
        return _Counts(_rows(priors), _rows(inputs[1]))
    if classes < 0:
        raise GraphError(f"num_class is {classes}. Expected 0 or more, or {MXNET} for the layout of MXNet.")
    if _rows(priors) < 2 or priors[-1] < 4:
        raise ExecutionError(f"the priors have shape {priors}. Expected two rows: boxes and variances.")
    return _Counts(priors[-1] // 4, classes)


def _rows(shape: Shape) -> int:
    """Extent h as the engine has it: 1 for a vector."""
    return shape[-2] if len(shape) > 1 else 1


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(boxes, 6), with as many boxes as there can be at most."""
    counts = _counts(params, inputs)
    detecting.require_readable(inputs[0], 4 * counts.priors, "location blob")
    detecting.require_readable(inputs[1], counts.classes * counts.priors, "confidence blob")
    if params.integer("num_class") == MXNET:
        detecting.require_readable(inputs[2], 4 * counts.priors, "prior blob")
    each = min(params.integer("nms_top_k"), counts.priors)
    return ((min(params.integer("keep_top_k"), max(counts.classes - 1, 0) * each), 6),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The boxes of one sample, (1, boxes, 6)."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    counts = _counts(params, tuple(values.shape[1:] for values in inputs))
    moves = detecting.elements(inputs[0], 4 * counts.priors, "location blob").reshape(-1, 4)
    with np.errstate(all="ignore"):
        boxes = _decoded(moves, *_priors(params, inputs[2], counts))
    chances = detecting.elements(inputs[1], counts.classes * counts.priors, "confidence blob")
    by_class = (
        chances.reshape(counts.classes, counts.priors)
        if params.integer("num_class") == MXNET
        else chances.reshape(counts.priors, counts.classes).T
    )
    found = [np.empty((0, 6), np.float32)]
    found += [_of_class(params, label, by_class[label], boxes) for label in range(1, counts.classes)]
    rows = np.concatenate(found)
    return (rows[detecting.descending(rows[:, 1])][None, : params.integer("keep_top_k")],)


def _priors(params: Params, values: Array, counts: _Counts) -> tuple[FloatArray, FloatArray]:
    """The boxes of the priors and their variances, (priors, 4) or (4,)."""
    if params.integer("num_class") == MXNET:
        variances = np.array([params.real(f"variances[{number}]") for number in range(4)], np.float32)
        return detecting.elements(values, 4 * counts.priors, "prior blob").reshape(-1, 4), variances
    rows = values.reshape(-1, values.shape[-1])[:2, : 4 * counts.priors].reshape(2, -1, 4)
    return rows[0], rows[1]


def _decoded(moves: FloatArray, priors: FloatArray, variances: FloatArray) -> FloatArray:
    """The priors moved by parts of their extents, and their extents scaled."""
    x1, y1, x2, y2 = priors.T
    width, height = x2 - x1, y2 - y1
    scaled = (variances * moves).T
    return detecting.centred(
        scaled[0] * width + (x1 + x2) * np.float32(0.5),
        scaled[1] * height + (y1 + y2) * np.float32(0.5),
        detecting.exponential(scaled[2]) * width,
        detecting.exponential(scaled[3]) * height,
    )


def _of_class(params: Params, label: int, scores: FloatArray, boxes: FloatArray) -> FloatArray:
    """The rows of one class, the best first."""
    over = np.flatnonzero(scores > np.float32(params.real("confidence_threshold")))
    best = over[detecting.descending(scores[over])][: params.integer("nms_top_k")]
    with np.errstate(all="ignore"):
        area = detecting.areas(boxes[best])
    chosen = best[detecting.kept(boxes[best], area, params.real("nms_threshold"))]
    return detecting.detections(np.full(len(chosen), label), scores[chosen], boxes[chosen])


LAYER = LayerType("DetectionOutput", range(3, 4), forward, PARAMS, shapes=shapes, by_value=always)
