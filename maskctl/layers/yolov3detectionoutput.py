"""Yolov3DetectionOutput: the boxes a YOLOv3 or YOLOv4 network finds in its maps, one per scale, overlaps removed.

The score of a box with objectness o and best class c is 1 / (1 + exp(-o) * (1 + exp(-c))), which is not the product of
the two sigmoids. The top is (boxes, 6): label from 1, score, x1, y1, x2, y2 as parts of the image, the best first. Where
nothing is found the engine gives no blob at all, and maskctl one without rows. `mask` is an array of floats; converters
write their bits as integers, 1077936128 for 3, and integers are read so. The anchors in `biases` are in pixels of an
image that is int(anchors_scale times the map's width) pixels wide.

Source: ncnn `src/layer/yolov3detectionoutput.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Param, Params, Shape, Weights, always
from maskctl.layers.families import detecting, yolo
from maskctl.numeric.bits32 import of_bits
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    *yolo.PARAMS,
    Param(5, "mask", (), "anchor of each box of each input, as floats or as their bits"),
    Param(6, "anchors_scale", (), "pixels of the image per cell, for each input"),
)


def _masks(params: Params) -> list[list[int]]:
    """Which anchors the boxes of each input have; raises `GraphError` where the engine refuses the layer."""
    known, boxes = yolo.anchor_count(params), params.integer("num_box")
    scales = params.array("anchors_scale")
    numbers = [_as_float(value) for value in params.array("mask")]
    for written, number in zip(params.array("mask"), numbers, strict=True):
        if not (0 <= number < known and number == int(number)):
            raise GraphError(
                f"mask holds {written}, which means {number:g}. Expected whole numbers from 0 to {known - 1}, one for "
                "each anchor in biases; write 2.0, not 2, for the third."
            )
    if not len(scales) or len(numbers) != boxes * len(scales):
        raise GraphError(f"mask has {len(numbers)} elements. Expected {boxes} for each of {len(scales)} anchors_scale.")
    return [[int(number) for number in numbers[start : start + boxes]] for start in range(0, len(numbers), boxes)]


def _as_float(value: float) -> float:
    """The number an element of `mask` stands for: integers are a float's bits."""
    return of_bits(value) if isinstance(value, int) else value


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(boxes, 6), with as many boxes as there can be at most."""
    if len(_masks(params)) < len(inputs):
        raise GraphError(f"mask and anchors_scale are for {len(_masks(params))} inputs, found {len(inputs)}.")
    for scale in params.array("anchors_scale"):
        if not 0 < scale < 2**16:
            raise GraphError(f"anchors_scale holds {scale:g}. Expected the pixels of the image per cell, above 0.")
    return ((yolo.most_boxes(params, inputs), 6),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The boxes of one sample, (1, boxes, 6)."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    with np.errstate(all="ignore"):
        rows = np.concatenate([_candidates(params, number, values) for number, values in enumerate(inputs)])
    rows = rows[detecting.descending(rows[:, 1])]
    chosen = detecting.kept(rows[:, 2:6], rows[:, 6], params.real("nms_threshold"), by_product=True)
    return (rows[chosen, :6][None],)


def _candidates(params: Params, number: int, values: FloatArray) -> FloatArray:
    """The rows of one map that reach the threshold, box by box and cell by cell, with the area behind."""
    found = yolo.by_box(params, values)
    label, best = yolo.best_class(found[:, 5:], np.finfo(np.float32).min)
    one = np.float32(1)
    score = one / (one + detecting.exponential(-found[:, 4]) * (one + detecting.exponential(-best)))
    scale = np.float32(params.array("anchors_scale")[number])
    height, width = (int(scale * np.float32(extent)) for extent in values.shape[2:])
    boxes, area = yolo.decoded(found, yolo.anchors(params)[_masks(params)[number]], (height, width))
    over = score >= np.float32(params.real("confidence_threshold"))
    return np.column_stack([detecting.detections(label[over] + 1, score[over], boxes[over]), area[over]])


LAYER = LayerType("Yolov3DetectionOutput", ONE_OR_MORE, forward, PARAMS, shapes=shapes, by_value=always)
