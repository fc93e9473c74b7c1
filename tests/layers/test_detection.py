"""Sorting and suppression of boxes against slow plain renderings, and what detection layers do at their limits."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.errors import MaskctlError
from maskctl.layers import find
from maskctl.layers.base import Array, Arrays, Params, Shape, Value
from maskctl.layers.families import detecting
from maskctl.numeric.formats import FloatArray

FEW_SCORES = st.lists(st.integers(0, 3).map(float), max_size=40)
MANY_SCORES = st.lists(st.floats(-2, 2, width=16), max_size=40)
CORNERS = st.tuples(*[st.integers(0, 6)] * 4)


def sorted_plainly(scores: list[float]) -> list[int]:
    """The order in which two walking pointers leave the scores, from the largest to the smallest."""
    order = list(range(len(scores)))

    def sort(left: int, right: int) -> None:
        i, j, pivot = left, right, scores[order[(left + right) // 2]]
        while i <= j:
            while scores[order[i]] > pivot:
                i += 1
            while scores[order[j]] < pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i, j = i + 1, j - 1
        if left < j:
            sort(left, j)
        if i < right:
            sort(i, right)

    if order:
        sort(0, len(order) - 1)
    return order


def kept_plainly(boxes: FloatArray, threshold: float) -> list[int]:
    """The boxes that overlap none kept before by more than the threshold, one pair after the other."""
    chosen: list[int] = []
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        for other in chosen:
            a1, b1, a2, b2 = boxes[other]
            apart = x1 > a2 or x2 < a1 or y1 > b2 or y2 < b1
            shared = np.float32(0) if apart else (min(x2, a2) - max(x1, a1)) * (min(y2, b2) - max(y1, b1))
            union = (x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - shared
            if not shared / union <= np.float32(threshold):
                break
        else:
            chosen.append(number)
    return chosen


def computed(type_name: str, written: dict[int, Value], inputs: Arrays, tops: int = 1) -> Arrays:
    """The tops of a layer for one sample, without the sample axis."""
    kind = find(type_name)
    assert kind is not None
    params = Params(kind.params, written, tops, len(inputs))
    return tuple(top[0] for top in kind.forward(params, {}, tuple(values[None] for values in inputs)))


def promised(type_name: str, written: dict[int, Value], *shapes: Shape, tops: int = 1) -> tuple[Shape, ...]:
    """The shapes a layer promises."""
    kind = find(type_name)
    assert kind is not None
    return kind.shapes(Params(kind.params, written, tops, len(shapes)), shapes)


@settings(deadline=None, max_examples=300)
@given(st.one_of(FEW_SCORES, MANY_SCORES))
def test_equal_scores_come_in_the_order_of_the_quicksort(scores: list[float]) -> None:
    """The order is that of the engine's partitions, for any ties."""
    assert sorted_plainly(scores) == detecting.descending(np.array(scores, np.float32)).tolist()


def test_nan_scores_stop_both_pointers() -> None:
    """A NaN is neither above nor below a pivot, and the sort ends all the same."""
    rng = np.random.default_rng(0)
    for number in range(30):
        scores = rng.integers(0, 4, number).astype(np.float32)
        scores[rng.random(number) < 0.3] = np.nan
        assert sorted_plainly(scores.tolist()) == detecting.descending(scores).tolist()


@pytest.mark.parametrize("scores", [np.linspace(1, 0, 20000), np.ones(20000), np.arange(20000) % 7])
def test_sorting_is_quick(scores: FloatArray) -> None:
    """Tens of thousands of scores take about a second at most, equal or not."""
    start = time.perf_counter()
    order = detecting.descending(scores.astype(np.float32))
    assert time.perf_counter() - start < 5
    assert (np.diff(scores.astype(np.float32)[order]) <= 0).all()


@settings(deadline=None, max_examples=200)
@given(st.lists(CORNERS, max_size=30), st.sampled_from([-1.0, 0.0, 0.25, 1 / 3, 0.5, 1.0]))
def test_suppression_is_greedy(corners: list[tuple[int, ...]], threshold: float) -> None:
    """The boxes kept are those of a loop over all pairs, boxes without area and inside out included."""
    boxes = np.array(corners, np.float32).reshape(-1, 4)
    with np.errstate(all="ignore"):
        found = detecting.kept(boxes, detecting.areas(boxes), threshold)
        assert kept_plainly(boxes, threshold) == found.tolist()


def test_suppression_by_product_keeps_boxes_without_area() -> None:
    """0 is not above the threshold times 0, but 0 / 0 is not at most the threshold."""
    boxes = np.array([[1, 1, 1, 1], [5, 5, 5, 5]], np.float32)
    area = detecting.areas(boxes)
    assert [0, 1] == detecting.kept(boxes, area, 0.5, by_product=True).tolist()
    assert [0] == detecting.kept(boxes, area, 0.5).tolist()


def test_suppression_ends_when_there_are_enough() -> None:
    """The first boxes kept are the same, however many are asked for."""
    boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [5, 5, 6, 6], [8, 8, 9, 9]], np.float32)
    area = detecting.areas(boxes)
    assert [0, 2] == detecting.kept(boxes, area, 0.5, most=2).tolist()
    assert [] == detecting.kept(boxes, area, 0.5, most=0).tolist()


def test_nothing_found_has_no_rows() -> None:
    """Every detection layer gives a blob of its rank with an extent of 0."""
    cells = np.full((7, 2, 2), -60, np.float32)
    yolo: dict[int, Value] = {0: 2, 1: 1, 2: 0.5, 4: (1.0, 2.0)}
    numbers = np.zeros(8, np.float32)
    background = np.array([1, 0, 1, 0], np.float32)
    priors = np.ones((2, 8), np.float32)
    regions = (np.ones((18, 2, 2), np.float32), np.zeros((36, 2, 2), np.float32), np.ones(3, np.float32))
    assert (0, 6) == computed("DetectionOutput", {0: 2}, (numbers, background, priors))[0].shape
    assert (0, 6) == computed("YoloDetectionOutput", yolo, (cells,))[0].shape
    assert (0, 6) == computed("Yolov3DetectionOutput", {**yolo, 5: (0.0,), 6: (8.0,)}, (cells,))[0].shape
    assert [(0, 1, 4), (0, 1, 1)] == [top.shape for top in computed("Proposal", {}, regions, tops=2)]


def test_bits_in_mask_are_floats() -> None:
    """A mask of integers holds the bits of floats, as converters write them."""
    cells = np.random.default_rng(0).standard_normal((14, 3, 3)).astype(np.float32)
    written: dict[int, Value] = {0: 2, 1: 2, 2: 0.3, 4: (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), 6: (8.0,)}
    as_floats = computed("Yolov3DetectionOutput", {**written, 5: (2.0, 1.0)}, (cells,))[0]
    as_bits = computed("Yolov3DetectionOutput", {**written, 5: (0x40000000, 0x3F800000)}, (cells,))[0]
    assert len(as_floats)
    np.testing.assert_array_equal(as_floats, as_bits)


@pytest.mark.parametrize("mask", [(1,), (0.5,), (3.0,), (-1.0,), (0x7FC00000,), (0x7F800000,), (), (0.0, 0.0)])
def test_masks_that_name_no_anchor(mask: tuple[float, ...]) -> None:
    """What is not one of the anchors is refused, with what the engine reads there."""
    with pytest.raises(MaskctlError, match="mask"):
        promised("Yolov3DetectionOutput", {0: 1, 1: 1, 4: (1.0, 2.0), 5: mask, 6: (8.0,)}, (6, 2, 2))


@pytest.mark.parametrize(
    ("type_name", "written", "shapes"),
    [
        ("DetectionOutput", {0: 2, 2: -1}, ((8,), (4,), (2, 8))),
        ("DetectionOutput", {0: 2, 3: -1}, ((8,), (4,), (2, 8))),
        ("DetectionOutput", {0: -2}, ((8,), (4,), (2, 8))),
        ("DetectionOutput", {0: 2}, ((7,), (4,), (2, 8))),
        ("DetectionOutput", {0: 2}, ((8,), (3,), (2, 8))),
        ("DetectionOutput", {0: 2}, ((8,), (4,), (8,))),
        ("DetectionOutput", {0: 2}, ((8,), (4,), (2, 3))),
        ("DetectionOutput", {0: 2}, ((2, 2, 3), (4,), (2, 8))),
        ("DetectionOutput", {0: -233}, ((8,), (2, 2), (2, 3))),
        ("YoloDetectionOutput", {0: 0, 1: 1, 4: (1.0, 2.0)}, ((5, 2, 2),)),
        ("YoloDetectionOutput", {0: 1, 1: 0, 4: (1.0, 2.0)}, ((6, 2, 2),)),
        ("YoloDetectionOutput", {0: 1, 1: 1, 4: (1.0,)}, ((6, 2, 2),)),
        ("YoloDetectionOutput", {0: 1, 1: 1, 4: (1.0, 2.0)}, ((6, 2, 2), (6, 2))),
        ("Yolov3DetectionOutput", {0: 1, 1: 1, 4: (1.0, 2.0), 5: (0.0,), 6: (0.0,)}, ((6, 2, 2),)),
        ("Proposal", {3: 0}, ((18, 2, 2), (36, 2, 2), (3,))),
        ("Proposal", {}, ((17, 2, 2), (36, 2, 2), (3,))),
        ("Proposal", {}, ((18, 2, 2), (36, 2, 3), (3,))),
        ("Proposal", {}, ((18, 2, 2), (36, 2, 2), (2,))),
        ("Proposal", {}, ((18, 2, 2), (36, 2, 2), (3, 1, 1))),
        ("PriorBox", {9: 4, 10: 4}, ((1, 2, 2),)),
        ("PriorBox", {0: (1.0,), 9: 4, 10: -233}, ((1, 2, 2),)),
        ("PriorBox", {0: (1.0,), 1: (1.0, 2.0), 9: 4, 10: 4}, ((1, 2, 2),)),
    ],
)
def test_what_the_engine_cannot_answer(type_name: str, written: dict[int, Value], shapes: tuple[Shape, ...]) -> None:
    """Parameters and shapes that the engine refuses, or where it reads past an end, are refused before it comes to that."""
    with pytest.raises(MaskctlError, match=r"Expected|past"):
        promised(type_name, written, *shapes)


def test_more_tops_than_bottoms() -> None:
    """YoloDetectionOutput works in place: there is no blob for a second top of one bottom."""
    with pytest.raises(MaskctlError, match="no more tops"):
        promised("YoloDetectionOutput", {0: 1, 1: 1, 4: (1.0, 2.0)}, (6, 2, 2), tops=2)


def test_inputs_are_left_alone() -> None:
    """The softmax that the engine does in place is done in a copy here."""
    cells = np.random.default_rng(1).standard_normal((7, 2, 2)).astype(np.float32)
    before: Array = cells.copy()
    tops = computed("YoloDetectionOutput", {0: 2, 1: 1, 4: (1.0, 2.0)}, (cells, cells), tops=2)
    np.testing.assert_array_equal(before, cells)
    assert np.allclose(1, tops[1][5:].sum(0))
