"""Where the boxes and lines of a drawn network stand: layered from top to bottom, folded into columns.

Layers of boxes by longest path, their order by barycentres, long lines through places of their own: the method of Sugiyama,
Tagawa and Toda (1981). A deep network is folded into columns, so that the whole of it fits a screen.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from maskctl.report.drawing.columns import folded
from maskctl.report.drawing.order import ordered
from maskctl.report.drawing.places import places
from maskctl.report.drawing.ranks import Ranked, ranked
from maskctl.report.drawing.sizes import BOX_HEIGHT, BOX_WIDTH, Point

__all__ = ["BOX_HEIGHT", "BOX_WIDTH", "Drawing", "Line", "draw"]


@dataclass(frozen=True)
class Line:
    """A line from the bottom of one box to the top of another, through these points."""

    source: int
    target: int
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Drawing:
    """The size of a drawing, the top left corner of each box by number, and the lines; x to the right, y down."""

    width: float
    height: float
    boxes: tuple[Point, ...]
    lines: tuple[Line, ...]


def draw(count: int, edges: Sequence[tuple[int, int]]) -> Drawing:
    """The drawing of `count` boxes; edges lead from a box to one with a larger number."""
    network = ranked(count, edges)
    rows = ordered(network)
    xs = places(network, rows)
    sheet = folded(network, rows, xs)
    boxes = tuple((x - BOX_WIDTH / 2, y) for x, y in sheet.tops[:count])
    lines = tuple(
        Line(source, target, _through(network, sheet.tops, sheet.detours, chain))
        for (source, target), chain in zip(network.edges, network.chains, strict=True)
    )
    return Drawing(sheet.width, sheet.height, boxes, lines)


def _through(
    network: Ranked, tops: Sequence[Point], detours: dict[tuple[int, int], tuple[Point, ...]], chain: Sequence[int]
) -> tuple[Point, ...]:
    """The points of one line: out of a box, past each row between, into the other box."""
    points: list[Point] = []
    for here, there in itertools.pairwise(chain):
        x, y = tops[here]
        if not network.is_box(here):
            points.append((x, y))
        points.append((x, y + BOX_HEIGHT))
        points += detours.get((here, there), ())
    points.append(tops[chain[-1]])
    return tuple(points)
