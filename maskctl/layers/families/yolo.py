"""What the two YOLO layers share: maps of (x, y, w, h, objectness, classes) per box and cell, and their parameters."""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Param, Params, Shape
from maskctl.layers.families import detecting
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np, npt

PARAMS = (
    Param(0, "num_class", 20, "classes"),
    Param(1, "num_box", 5, "boxes per cell"),
    Param(2, "confidence_threshold", 0.01, "least score of a box"),
    Param(3, "nms_threshold", 0.45, "overlap (intersection over union) from which the worse box goes"),
    Param(4, "biases", (), "width and height of each anchor"),
)


def anchor_count(params: Params) -> int:
    """How many anchors there are; raises `GraphError` for parameters the engine refuses."""
    for name in ("num_class", "num_box"):
        if params.integer(name) < 1:
            raise GraphError(f"{name} is {params.integer(name)}. Expected 1 or more.")
    numbers = len(params.array("biases"))
    if numbers % 2:
        raise GraphError(f"biases has {numbers} elements. Expected a width and a height for each anchor.")
    return numbers // 2


def anchors(params: Params) -> FloatArray:
    """The anchors, (anchors, 2); raises as `anchor_count` does."""
    return np.array(params.array("biases"), np.float32).reshape(anchor_count(params), 2)


def most_boxes(params: Params, inputs: tuple[Shape, ...]) -> int:
    """How many boxes maps of these shapes can give; raises `ExecutionError` where the channels do not fit."""
    wanted = 5 + params.integer("num_class")
    for shape in inputs:
        if len(shape) != 3 or shape[0] // params.integer("num_box") != wanted:
            raise ExecutionError(
                f"an input has shape {shape}. Expected a map (c, h, w) with {wanted} channels (5 + num_class) for each "
                f"of {params.integer('num_box')} boxes."
            )
    return sum(shape[1] * shape[2] for shape in inputs) * params.integer("num_box")


def by_box(params: Params, values: FloatArray) -> FloatArray:
    """The map of one sample as (num_box, 5 + num_class, h, w); channels behind the last box are left out."""
    number, channels = params.integer("num_box"), 5 + params.integer("num_class")
    return values[0, : number * channels].reshape(number, channels, *values.shape[2:])


def best_class(scores: FloatArray, least: np.float32) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """The first class with the largest of (boxes, classes, h, w), and that score; class 0 and `least` if none exceeds it."""
    counted = np.where(scores > least, scores, least)
    return counted.argmax(1), counted.max(1)


def decoded(found: FloatArray, anchor: FloatArray, extents: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Boxes (boxes, h, w, 4) as parts of the image, and their areas from width and height.

    `anchor` is (boxes, 2), in pixels of an image of `extents`, height and width.
    """
    height, width = found.shape[2:]
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    centre_x = (columns + detecting.sigmoid(found[:, 0])) / np.float32(width)
    centre_y = (rows + detecting.sigmoid(found[:, 1])) / np.float32(height)
    box_w = detecting.exponential(found[:, 2]) * anchor[:, 0, None, None] / np.float32(extents[1])
    box_h = detecting.exponential(found[:, 3]) * anchor[:, 1, None, None] / np.float32(extents[0])
    return detecting.centred(centre_x, centre_y, box_w, box_h), box_w * box_h
