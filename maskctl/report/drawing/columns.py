"""A deep drawing folded into columns that are read from left to right."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from maskctl.report.drawing.ranks import Ranked
from maskctl.report.drawing.sizes import ASPECT, BOX_HEIGHT, BOX_WIDTH, GAP_Y, GUTTER, LANE, LINE_WIDTH, LOW, Point

_PITCH = BOX_HEIGHT + GAP_Y
_SLACK = 0.15
"""How far from its even share a column may end, as a part of it, to cut fewer lines."""


@dataclass
class Sheet:
    """The top middle of each item, and the points between two items joined across a fold."""

    tops: list[Point]
    detours: dict[tuple[int, int], tuple[Point, ...]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


def folded(network: Ranked, rows: Sequence[Sequence[int]], xs: Sequence[float]) -> Sheet:
    """Columns of about equal height, cut where few lines are, so many that the whole is about as wide as a screen."""
    below = network.neighbours()[1]
    count = _count(network, rows, xs)
    sheet = _sheet(network, rows, xs, below, count)
    while sheet.width < ASPECT * sheet.height and sheet.height > LOW and count < len(rows):
        count += 1
        wider = _sheet(network, rows, xs, below, count)
        if _off(wider) >= _off(sheet):
            break
        sheet = wider
    return sheet


def _off(sheet: Sheet) -> float:
    """How far a sheet is from the shape wanted, as a factor."""
    aspect = sheet.width / sheet.height / ASPECT
    return max(aspect, 1 / aspect)


def _sheet(
    network: Ranked, rows: Sequence[Sequence[int]], xs: Sequence[float], below: Sequence[Sequence[int]], count: int
) -> Sheet:
    """The drawing in so many columns."""
    sheet = Sheet([(0.0, 0.0)] * len(network.rank))
    columns = list(_columns(rows, below, count))
    margin = LANE * max((len(_cut(rows, below, column.stop)) for column in columns), default=0) + LANE
    left = 0.0
    for column in columns:
        items = [item for rank in column for item in rows[rank]]
        first, last = _extent(network, items, xs)
        for place, rank in enumerate(column):
            for item in rows[rank]:
                sheet.tops[item] = (left + xs[item] - first, margin + place * _PITCH)
        bottom = margin + len(column) * _PITCH - GAP_Y
        sheet.width, sheet.height = left + last - first, max(sheet.height, bottom + margin)
        cut = _cut(rows, below, column.stop)
        _lead(sheet, cut, sheet.width + GUTTER / 2, bottom, margin)
        left = sheet.width + GUTTER + LANE * len(cut)
    _finish(sheet)
    return sheet


def _count(network: Ranked, rows: Sequence[Sequence[int]], xs: Sequence[float]) -> int:
    """How many columns, each as wide as the whole, make a drawing no more than ASPECT times as wide as it is high."""
    if len(rows) * _PITCH <= LOW:
        return 1
    first, last = _extent(network, [item for row in rows for item in row], xs)
    return max(1, int(math.sqrt(ASPECT * len(rows) * _PITCH / (last - first + GUTTER))))


def _columns(rows: Sequence[Sequence[int]], below: Sequence[Sequence[int]], count: int) -> Iterator[range]:
    """The ranks of each column."""
    begin = 0
    for number in range(1, count):
        even = round(number * len(rows) / count)
        slack = int(_SLACK * len(rows) / count)
        ends = range(max(begin + 1, even - slack), min(len(rows) - 1, even + slack) + 1)
        if not ends:
            continue
        end = min(ends, key=lambda rank: (len(_cut(rows, below, rank)), abs(rank - even)))
        yield range(begin, end)
        begin = end
    yield range(begin, len(rows))


def _cut(rows: Sequence[Sequence[int]], below: Sequence[Sequence[int]], rank: int) -> list[tuple[int, int]]:
    """The pieces of lines that lead into this row, the rightmost first; none into a row that is not there."""
    if rank in {0, len(rows)}:
        return []
    place = {item: position for position, item in enumerate(rows[rank])}
    pieces = [(upper, lower) for upper in rows[rank - 1] for lower in sorted(below[upper], key=place.__getitem__)]
    return pieces[::-1]


def _extent(network: Ranked, items: Sequence[int], xs: Sequence[float]) -> Point:
    """The left and the right end of what these items take up."""
    if not items:
        return (0.0, 0.0)
    half = [(BOX_WIDTH if network.is_box(item) else LINE_WIDTH) / 2 for item in items]
    ends = list(zip((xs[item] for item in items), half, strict=True))
    return min(x - width for x, width in ends), max(x + width for x, width in ends)


def _lead(sheet: Sheet, cut: Sequence[tuple[int, int]], gutter: float, bottom: float, top: float) -> None:
    """Leads lines below a column, up beside it and over the next one, nested so that they do not cross.

    Where they begin and end is known when all columns stand: a detour holds the lane alone until then.
    """
    for lane, piece in enumerate(cut):
        x, low, high = gutter + lane * LANE, bottom + (lane + 1) * LANE, top - (len(cut) - lane) * LANE
        sheet.detours[piece] = ((x, low), (x, high))


def _finish(sheet: Sheet) -> None:
    for (upper, lower), (low, high) in sheet.detours.items():
        begin, end = (sheet.tops[upper][0], low[1]), (sheet.tops[lower][0], high[1])
        sheet.detours[upper, lower] = (begin, low, high, end)
