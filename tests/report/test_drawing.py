"""The drawn network: nothing overlaps, every line leads down from box to box, and it is quick."""

from __future__ import annotations

import time
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskctl.report.drawing import BOX_HEIGHT, BOX_WIDTH, Drawing, draw
from maskctl.report.drawing.order import crossings, ordered
from maskctl.report.drawing.places import spread
from maskctl.report.drawing.ranks import ranked


@st.composite
def networks(make: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """Boxes and edges, each from a box to one with a larger number."""
    count = make(st.integers(1, 40))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] < pair[1])
    return count, make(st.lists(pairs, max_size=60, unique=True)) if count > 1 else []


def chain(count: int) -> list[tuple[int, int]]:
    """Each box leads to the next."""
    return [(number, number + 1) for number in range(count - 1)]


def overlapping(drawing: Drawing) -> list[tuple[int, int]]:
    """Pairs of boxes that share room."""
    return [
        (one, other)
        for (one, (x, y)), (other, (u, v)) in combinations(enumerate(drawing.boxes), 2)
        if abs(x - u) < BOX_WIDTH and abs(y - v) < BOX_HEIGHT
    ]


@given(networks())
def test_boxes_do_not_overlap_and_stay_on_the_sheet(network: tuple[int, list[tuple[int, int]]]) -> None:
    """No two boxes share room, and every box and point lies within the size that is told."""
    found = draw(*network)
    assert [] == overlapping(found)
    points = [point for line in found.lines for point in line.points]
    points += [corner for x, y in found.boxes for corner in ((x, y), (x + BOX_WIDTH, y + BOX_HEIGHT))]
    slack = 1e-6
    assert all(-slack <= x <= found.width + slack and -slack <= y <= found.height + slack for x, y in points)


@given(networks())
def test_lines_join_their_boxes(network: tuple[int, list[tuple[int, int]]]) -> None:
    """There is a line for every edge, from the bottom of one box to the top of the other."""
    count, edges = network
    found = draw(count, edges)
    assert edges == [(line.source, line.target) for line in found.lines]
    for line in found.lines:
        (x, y), (u, v) = found.boxes[line.source], found.boxes[line.target]
        assert line.points[0] == pytest.approx((x + BOX_WIDTH / 2, y + BOX_HEIGHT))
        assert line.points[-1] == pytest.approx((u + BOX_WIDTH / 2, v))


@given(networks())
def test_rows(network: tuple[int, list[tuple[int, int]]]) -> None:
    """Each piece of a line leads one row down, and the order in the rows crosses no more lines than the file's."""
    found = ranked(*network)
    pieces = [piece for way in found.chains for piece in pairwise(way)]
    assert {1} >= {found.rank[lower] - found.rank[upper] for upper, lower in pieces}
    below = found.neighbours()[1]
    rows = ordered(found)
    assert list(map(sorted, rows)) == found.rows
    assert crossings(rows, below) <= crossings(found.rows, below)


def test_crossings() -> None:
    """Two lines that swap places cross once, and are put in order."""
    network = ranked(4, [(0, 3), (1, 2)])
    below = network.neighbours()[1]
    assert 1 == crossings([[0, 1], [2, 3]], below)
    assert 0 == crossings(ordered(network), below)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.1, 10), st.floats(0, 50)), min_size=1, max_size=12))
def test_spread(items: list[tuple[float, float, float]]) -> None:
    """Places keep their gaps, and no step of one of them brings the sum of squares down."""
    wanted, weights, gaps = map(list, zip(*items, strict=True))
    found = spread(wanted, weights, gaps)
    assert all(right - left >= gap - 1e-9 for left, right, gap in zip(found, found[1:], gaps[1:], strict=False))

    def cost(places: list[float]) -> Any:
        return sum(weight * (x - want) ** 2 for x, want, weight in zip(places, wanted, weights, strict=True))

    for begin, end in combinations(range(len(found) + 1), 2):
        for step in (-1e-3, 1e-3):
            moved = [x + step if begin <= place < end else x for place, x in enumerate(found)]
            keeps = all(b - a >= gap - 1e-9 for a, b, gap in zip(moved, moved[1:], gaps[1:], strict=False))
            assert not keeps or cost(moved) >= cost(found) - 1e-6


def test_a_chain_is_folded() -> None:
    """A short chain stands in one column, a long one in several, about as wide as a screen."""
    assert BOX_WIDTH == draw(10, chain(10)).width
    found = draw(200, chain(200))
    assert 1.2 < found.width / found.height < 2.4


def test_a_thousand_layers_are_quick() -> None:
    """A thousand layers with branches and long ways round are drawn in under two seconds of CPU time."""
    edges = [*chain(1000), *((number, number + 3) for number in range(0, 990, 7))]
    edges += [(number, number + 60) for number in range(0, 900, 20)]
    begin = time.process_time()
    found = draw(1000, edges)
    assert time.process_time() - begin < 2
    assert 1000 == len(set(found.boxes))
