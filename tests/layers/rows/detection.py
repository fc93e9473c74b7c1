"""Priors, proposals and the layers that give boxes.

Their inputs are made, not arbitrary: each profile here is a situation. mixed: all scores differ. ties: few different
scores. none: nothing reaches the threshold. crowded: everything does. wild: mixed, with large numbers among the box deltas. Infinities
and NaN are left out: the engine is built with -Ofast, where comparisons with NaN give either result, and its sort runs
past the end of the scores. Here they are what C++ says without -Ofast.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.formats import FloatArray
from tests.layers.row import Made, Row, Shape

SITUATIONS = ("mixed", "ties", "none", "crowded", "wild")
WITHOUT_NONE = ("mixed", "ties", "crowded", "wild")
WITHOUT_TIES = ("mixed", "crowded", "wild")
"""For YOLOv2 maps of other than 16 k cells: the engine's softmax rounds differently in its vector loop and behind it."""

MOBILENET_SSD_IMAGE = (3, 300, 300)


def _wild(rng: np.random.Generator, profile: str, values: FloatArray) -> FloatArray:
    if profile == "wild":
        where = rng.random(values.shape) < 0.02
        values[where] = rng.choice([-80.0, -30.0, 20.0, 30.0], int(where.sum()))
    return values.astype(np.float32)


def _moves(scale: float) -> Made:
    """Box deltas."""
    return lambda rng, profile, shape: _wild(rng, profile, rng.normal(0, scale, shape).astype(np.float32))


def _chances(classes: int, *, by_class: bool = False) -> Made:
    """Probabilities that add up to 1 over the classes, (priors, classes) in any shape; or (classes, priors)."""

    def made(rng: np.random.Generator, profile: str, shape: Shape) -> FloatArray:
        priors = int(np.prod(shape)) // classes
        if profile in {"ties", "none"}:
            found = np.zeros((priors, classes))
            foreground = rng.choice([0.3125, 0.5, 0.75, 0.875], priors) if profile == "ties" else np.zeros(priors)
            found[np.arange(priors), rng.integers(1, max(classes, 2), priors) % classes] = foreground
            found[:, 0] = 1 - foreground
        else:
            logits = rng.normal(0, 2, (priors, classes))
            if profile == "crowded":
                logits[:, 0] -= 20
            found = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        return np.resize((found.T if by_class else found).astype(np.float32), shape)

    return made


def _boxes(rng: np.random.Generator, number: int) -> FloatArray:
    centres, halves = rng.uniform(0.2, 0.8, (number, 2)), rng.uniform(0.05, 0.2, (number, 2))
    return np.concatenate([centres - halves, centres + halves], axis=1).astype(np.float32)


def _priors(rng: np.random.Generator, _: str, shape: Shape) -> FloatArray:
    """Boxes in the first row, variances in the second; or one box per row of 4."""
    if shape[-1] == 4 and shape[-2] != 2:
        return _boxes(rng, shape[-2])
    number = shape[-1] // 4
    found = np.full(shape, 7, np.float32)
    rows = found.reshape(-1, shape[-1])
    rows[0, : 4 * number] = _boxes(rng, number).reshape(-1)
    rows[1, : 4 * number] = rng.uniform(0.05, 0.3, 4 * number)
    return found


def _detection(words: str, classes: int, shapes: tuple[Shape, Shape, Shape], *, by_class: bool = False) -> Row:
    fed = {0: _moves(1.0), 1: _chances(classes, by_class=by_class), 2: _priors}
    return Row(f"DetectionOutput {words}".strip(), shapes, profiles=SITUATIONS, fed=fed)


def _flat(classes: int, priors: int) -> tuple[Shape, Shape, Shape]:
    return (4 * priors,), (classes * priors,), (2, 4 * priors)


def _yolo_map(classes: int, boxes: int) -> Made:
    """Maps of a YOLO layer. In ties one class outweighs the others so far that its softmax is 1 to the bit."""

    def made(rng: np.random.Generator, profile: str, shape: Shape) -> FloatArray:
        found = rng.normal(0, 1.5, shape).astype(np.float32)
        parts = found[: boxes * (5 + classes)].reshape(boxes, 5 + classes, *shape[1:])
        if profile == "ties":
            best = rng.integers(0, classes, (boxes, 1, *shape[1:]))
            parts[:, 5:] = np.where(np.arange(classes)[:, None, None] == best, 2, -200)
            parts[:, 4] = np.rint(parts[:, 4])
        if profile in {"none", "crowded"}:
            parts[:, 4] += -60 if profile == "none" else 6
        parts[:, :4] = _wild(rng, profile, parts[:, :4])
        return found

    return made


def _yolo(
    words: str, classes: int, boxes: int, shapes: tuple[Shape, ...], profiles: tuple[str, ...], tops: int = 1
) -> Row:
    made = _yolo_map(classes, boxes)
    return Row(words, shapes, tops, profiles, fed=dict.fromkeys(range(len(shapes)), made))


def _objectness(rng: np.random.Generator, profile: str, shape: Shape) -> FloatArray:
    """Scores of regions."""
    found = rng.random(shape).astype(np.float32)
    if profile == "ties":
        found = np.rint(found * 6).astype(np.float32) / np.float32(6)
    return found


def _image(height: float, width: float, scale: float) -> Made:
    numbers = np.array([height, width, scale], np.float32)
    return lambda _, __, shape: np.resize(numbers, shape)


def _proposal(
    words: str, extents: tuple[int, int], image: Made, *, tops: int = 1, info: Shape = (3,), channels: int = 18
) -> Row:
    shapes = ((channels, *extents), (2 * channels, *extents), info)
    fed = {0: _objectness, 1: _moves(0.3), 2: image}
    return Row(f"Proposal {words}".strip(), shapes, tops, WITHOUT_NONE, fed=fed)


PRIORS = (
    # mobilenet_ssd, squeezenet_ssd_int8, pelee, mobilenetv3_ssdlite_voc
    Row("PriorBox -23300=1,60.0 -23302=1,2.0 9=-233 10=-233 13=0.5", ((5, 19, 19), MOBILENET_SSD_IMAGE)),
    Row(
        "PriorBox -23300=1,105.0 -23301=1,150.0 -23302=2,2.0,3.0 9=-233 10=-233 13=0.5",
        ((3, 10, 10), MOBILENET_SSD_IMAGE),
    ),
    Row(
        "PriorBox -23300=1,21.0 -23301=1,45.0 -23302=1,2.0 9=-233 10=-233 11=8.0 12=8.0 13=0.5",
        ((2, 9, 7), (3, 75, 60)),
    ),
    Row("PriorBox -23300=1,30.4 -23301=1,60.8 -23302=2,2.0,3.0 9=-233 10=-233 13=0.5", ((1, 5, 5), (3, 30, 44))),
    Row(
        "PriorBox -23300=1,60.000000 -23301=1,105.0 -23302=1,2.000000 3=0.100000 4=0.100000 5=0.200000 6=0.200000 7=1 8=0 "
        "9=-233 10=-233 11=-233 12=-233 13=0.500000 14=1 15=1",
        ((4, 7, 9), (3, 100, 100)),
    ),
    # MXNet's form
    Row("PriorBox 0=0.15,0.2121 2=1.0,2.0,0.5,3.0,0.333333 7=0 9=-233 10=-233 13=0.5", ((3, 7, 5),)),
    Row("PriorBox 0=0.4, 2=1.0, 8=1 9=-233 10=-233 11=0.125 12=0.25 13=0.25", ((3, 4, 6),)),
    Row("PriorBox 0=0.2,0.4 2=5.0, 8=1 9=-233 10=-233", ((6, 4),)),
    # one input, the image's extents written; several sizes; no flip; clip; own variances
    Row("PriorBox 0=20.0,40.0 1=30.0,60.0 2=2.0,0.7 3=0.3 4=0.4 5=0.5 6=0.6 7=0 8=1 9=64 10=48", ((3, 3, 5),)),
    Row("PriorBox 0=20,40 9=64 10=48 11=3.5 12=2.5 13=0.5 15=1", ((3, 3, 5),)),
    Row("PriorBox 0=20.0, 9=64 10=-233 13=0.5 14=1", ((3, 5, 7), (1, 33, 99))),
    Row("PriorBox 0=20.0, 9=-233 10=48 13=0.5", ((5, 7), (33, 99))),
    Row("PriorBox 0=9.0, 2=2.0, 9=-233 10=-233", ((1, 1, 1), (1, 1, 1))),
    Row("PriorBox 0=9.0, 2=2.0, 9=10 10=10", ((6,),)),
    Row("PriorBox 0=9.0, 9=-233 10=-233 13=0.1 11=0.1", ((2, 2, 3, 40), (3, 7, 5))),
    Row("PriorBox 0=9.0,8.0 1=7.0, 9=5 10=5", ((1, 2, 2),), refused="it refuses the model", why="so does maskctl"),
    Row("PriorBox 0=9.0, 9=-233 10=5", ((1, 2, 2),), refused="it reads a second input", why="maskctl refuses"),
    Row("PriorBox 0=0.5, 9=-233 10=-233", ((1, 2, 2),), refused="it writes past the blob's end", why="maskctl refuses"),
)

DETECTIONS = (
    # mobilenet_ssd and squeezenet_ssd_int8, mobilenetv2_ssdlite_voc, pelee, mobilenetv3_ssdlite_voc
    _detection("0=21 1=4.500000e-01 2=100 4=2.500000e-01", 21, _flat(21, 90)),
    _detection("0=21 1=4.500000e-01 2=100 4=3.500000e-01", 21, _flat(21, 90)),
    _detection("0=11 1=4.500000e-01 2=400 3=200 4=3.000000e-01", 11, _flat(11, 130)),
    _detection("0=21 1=0.450000 2=300 3=100 4=0.010000 5=0.1 6=0.1 7=0.2 8=0.2", 21, _flat(21, 60)),
    _detection("0=3", 3, _flat(3, 70)),
    _detection("0=4 1=0.3 2=9 3=7 4=0.1", 4, _flat(4, 70)),
    _detection("0=2 1=1.0 3=500 4=0.1", 2, _flat(2, 400)),
    _detection("0=2 1=0.0 4=0.1", 2, _flat(2, 40)),
    _detection("0=2 1=-1.0 4=0.1", 2, _flat(2, 40)),
    _detection("0=3 2=0", 3, _flat(3, 5)),
    _detection("0=3 3=0", 3, _flat(3, 5)),
    _detection("0=1 4=0.1", 1, _flat(1, 5)),
    _detection("0=3 1=0.5 4=0.2", 3, _flat(3, 1)),
    _detection("0=3 1=0.5 4=0.2", 3, ((12, 1, 4), (12, 3), (2, 48))),
    _detection("0=4 1=0.5 4=0.2", 4, ((1, 2, 12), (5, 2, 2, 2), (3, 23))),
    _detection("0=3 1=0.5 4=0.2", 3, ((50,), (40,), (1, 3, 40))),
    _detection("0=-233 1=0.5 4=0.2", 5, ((160,), (5, 40), (40, 4)), by_class=True),
    _detection("0=-233 1=0.5 2=400 4=0.01 5=0.3 6=0.4 7=0.5 8=0.6", 2, ((4, 33), (2, 33), (33, 4)), by_class=True),
    Row(
        "DetectionOutput 0=2 4=0.5",
        ((8,), (4,), (2, 8)),
        profiles=("mixed",),
        fed={0: _moves(1.0), 1: lambda _, __, shape: np.full(shape, 0.75, np.float32), 2: _priors},
        refused="a class passes although the background does too, and its box was never computed",
        why="maskctl computes all boxes",
    ),
    Row(
        "DetectionOutput 0=3",
        ((8,), (3, 1, 2), (2, 8)),
        profiles=("mixed",),
        fed={0: _moves(1.0), 1: _chances(3), 2: _priors},
        refused="it reads the gaps between the channels of the probabilities",
        why="maskctl refuses: a Flatten is missing",
    ),
)

_YOLOV2_ANCHORS = "-23304=10,1.08,1.19,3.42,4.41,6.63,11.38,9.42,5.11,16.62,10.52"
_ANCHORS = "4=1.0,2.0,3.0,1.5,0.5,0.6"
_TINY_ANCHORS = "-23304=12,10.0,14.0,23.0,27.0,37.0,58.0,81.0,82.0,135.0,169.0,344.0,319.0"
_TINY_MASK = "-23305=6,1077936128,1082130432,1084227584,1065353216,1073741824,1077936128"

YOLO = (
    # mobilenet_yolo, with maps of two extents
    _yolo(f"YoloDetectionOutput 2=4.000000e-01 {_YOLOV2_ANCHORS}", 20, 5, ((125, 7, 7), (125, 5, 4)), WITHOUT_TIES),
    _yolo(f"YoloDetectionOutput {_YOLOV2_ANCHORS}", 20, 5, ((125, 4, 4),), WITHOUT_NONE),
    _yolo(f"YoloDetectionOutput 0=3 1=2 2=0.2 3=0.3 {_ANCHORS}", 3, 2, ((16, 8, 6),), WITHOUT_NONE),
    _yolo(f"YoloDetectionOutput 0=1 1=3 2=0.2 3=1.0 {_ANCHORS}", 1, 3, ((18, 4, 4),), WITHOUT_NONE),
    _yolo(f"YoloDetectionOutput 0=1 1=1 2=0.0 3=0.0 {_ANCHORS}", 1, 1, ((6, 1, 1),), WITHOUT_NONE),
    _yolo(f"YoloDetectionOutput 0=4 1=2 2=0.05 {_ANCHORS}", 4, 2, ((19, 5, 3), (18, 1, 1)), WITHOUT_TIES),
    _yolo(f"YoloDetectionOutput 0=4 1=2 2=0.05 {_ANCHORS}", 4, 2, ((18, 5, 3), (19, 4, 4)), WITHOUT_TIES, tops=2),
    _yolo(
        f"YoloDetectionOutput 0=4 1=2 2=0.05 {_ANCHORS}",
        4,
        2,
        ((18, 4, 8), (18, 2, 8), (18, 8, 8)),
        WITHOUT_NONE,
        tops=3,
    ),
    Row(
        f"YoloDetectionOutput 0=4 1=2 2=0.5 {_ANCHORS}",
        ((18, 5, 3),),
        profiles=("none",),
        fed={0: _yolo_map(4, 2)},
        refused="it gives the input with the softmax done where nothing is found",
        why="maskctl gives a blob without rows, as for the other detection layers",
    ),
    Row("YoloDetectionOutput 0=4 1=3 4=1.0,2.0", ((27, 2, 2),), refused="it refuses the model", why="so does maskctl"),
    Row(f"YoloDetectionOutput 0=5 1=2 {_ANCHORS}", ((18, 2, 2),), refused="it fails", why="so does maskctl"),
    # yolov4-tiny-opt
    _yolo(
        f"Yolov3DetectionOutput -23330=4,2,6,1637,1 0=80 1=3 2=2.500000e-01 {_TINY_ANCHORS} {_TINY_MASK} "
        "-23306=2,3.360000e+01,1.680000e+01",
        80,
        3,
        ((255, 4, 5), (255, 8, 10)),
        SITUATIONS,
    ),
    _yolo(f"Yolov3DetectionOutput 0=3 1=2 2=0.3 3=0.2 {_ANCHORS} 5=2.0,0.0 6=8.0,", 3, 2, ((16, 7, 5),), SITUATIONS),
    _yolo(f"Yolov3DetectionOutput 0=9 1=3 3=1.0 {_ANCHORS} 5=0.0,1.0,2.0 6=8,", 9, 3, ((43, 4, 4),), SITUATIONS),
    _yolo(f"Yolov3DetectionOutput 0=1 1=1 2=0.6 3=0.0 {_ANCHORS} 5=1.0, 6=3.3,", 1, 1, ((6, 1, 1),), SITUATIONS),
    _yolo(f"Yolov3DetectionOutput 0=8 1=1 2=0.5 {_ANCHORS} 5=1.0, 6=0.1,", 8, 1, ((13, 3, 12),), WITHOUT_NONE),
    _yolo(
        "Yolov3DetectionOutput 0=2 1=2 2=0.5 4=10,14,23,27,37,58 5=0.0,1.0,2.0,0.0,1.0,1.0 6=32.0,16.0,8.5",
        2,
        2,
        ((14, 3, 3), (14, 6, 5), (14, 1, 9)),
        SITUATIONS,
    ),
    Row(
        f"Yolov3DetectionOutput 0=2 1=2 {_ANCHORS} 5=0,1 6=8.0,",
        ((14, 2, 2),),
        refused="it refuses integers that are not the bits of whole floats",
        why="so does maskctl",
    ),
    Row(
        f"Yolov3DetectionOutput 0=2 1=1 {_ANCHORS} 5=0.0, 6=8.0,",
        ((7, 2, 2), (7, 2, 2)),
        refused="it reads past the end of mask",
        why="maskctl refuses",
    ),
)

PROPOSALS = (
    # ZF_faster_rcnn_final, rfcn_end2end
    _proposal("", (9, 12), _image(200, 300, 1.5)),
    _proposal("", (6, 5), _image(90, 80, 1), tops=2),
    _proposal("0=8 1=4 2=40 3=5 4=0.3 5=4", (7, 9), _image(60, 70, 1), tops=2),
    _proposal("2=0 3=2000 4=0.99 5=0", (5, 5), _image(100, 100, 1.2), tops=2),
    _proposal("2=-1 3=1 4=0.0 1=8", (3, 4), _image(70, 70, 1), info=(1, 3)),
    _proposal("0=0 5=-4", (2, 3), _image(200, 300, 1), info=(2, 1, 2, 2), tops=2),
    _proposal("1=5", (1, 1), _image(400, 500, 0.1), channels=20, tops=2),
    Row(
        "Proposal 5=1000",
        ((18, 2, 3), (36, 2, 3), (3,)),
        2,
        ("mixed",),
        fed={0: _objectness, 1: _moves(0.3), 2: _image(100, 100, 1)},
        refused="it fails where no region is large enough",
        why="maskctl gives tops without regions",
    ),
    Row("Proposal 3=0", ((18, 2, 3), (36, 2, 3), (3,)), refused="it fails", why="so does maskctl"),
    Row("Proposal", ((9, 2, 3), (36, 2, 3), (3,)), refused="it crashes", why="maskctl refuses"),
)

ROWS: tuple[Row, ...] = (*PRIORS, *DETECTIONS, *YOLO, *PROPOSALS)
