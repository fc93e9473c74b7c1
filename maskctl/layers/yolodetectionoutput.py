"""YoloDetectionOutput: the boxes a YOLOv2 network finds in its maps, overlaps removed.

A box's score is its objectness times its best class, after a softmax over the classes. The first top is (boxes, 6):
label from 1, score, x1, y1, x2, y2 as parts of the image, the best first. The engine works in place: further tops are
the inputs of their number with the softmax done, and where nothing is found the first top is its input as well. There
maskctl gives a first top without rows instead.

Source: ncnn `src/layer/yolodetectionoutput.cpp`.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Params, Shape, Weights, always
from maskctl.layers.families import detecting, yolo
from maskctl.layers.softmax import probabilities
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = yolo.PARAMS


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(boxes, 6), with as many boxes as there can be at most, and the shapes of the inputs behind the first."""
    number, boxes = yolo.anchor_count(params), params.integer("num_box")
    if number < boxes:
        raise GraphError(f"biases has {number} anchors for num_box {boxes}. The engine would read past their end.")
    if params.tops > len(inputs):
        raise GraphError(f"there are {params.tops} tops for {len(inputs)} inputs. Expected no more tops than inputs.")
    return ((yolo.most_boxes(params, inputs), 6), *inputs[1 : params.tops])


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The boxes of one sample, (1, boxes, 6), then inputs with the softmax done."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    with np.errstate(all="ignore"):
        done = [_with_softmax(params, values) for values in inputs]
        parts = [_candidates(params, values) for values in done]
        rows = np.concatenate(parts)
        rows = rows[detecting.descending(rows[:, 1])]
        chosen = detecting.kept(rows[:, 2:], detecting.areas(rows[:, 2:]), params.real("nms_threshold"))
    return (rows[chosen][None], *done[1 : params.tops])


def _with_softmax(params: Params, values: FloatArray) -> FloatArray:
    """A copy of the map, the class scores of each box made probabilities."""
    copy = np.array(values, np.float32, order="C")
    scores = yolo.by_box(params, copy)[:, 5:]
    scores[:] = probabilities(scores, 1)
    return copy


def _candidates(params: Params, values: FloatArray) -> FloatArray:
    """The rows of one map that reach the threshold, box by box and cell by cell."""
    found = yolo.by_box(params, values)
    label, chance = yolo.best_class(found[:, 5:], np.float32(0))
    score = detecting.sigmoid(found[:, 4]) * chance
    boxes, _ = yolo.decoded(found, yolo.anchors(params)[: len(found)], values.shape[2:])
    over = score >= np.float32(params.real("confidence_threshold"))
    return detecting.detections(label[over] + 1, score[over], boxes[over])


LAYER = LayerType("YoloDetectionOutput", ONE_OR_MORE, forward, PARAMS, shapes=shapes, tops=ONE_OR_MORE, by_value=always)
