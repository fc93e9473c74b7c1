"""The order of items in each row, with few crossings."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence

from maskctl.report.drawing.ranks import Ranked, sweeps

_SWEEPS = 8


def ordered(network: Ranked) -> list[list[int]]:
    """The rows, each from left to right: the best of some sweeps by barycentre, up and down in turn."""
    above, below = network.neighbours()
    rows = network.rows
    best, least = [list(row) for row in rows], crossings(rows, below)
    for sweep in range(sweeps(_SWEEPS, len(below))):
        if not least:
            break
        _sweep(rows, above if sweep % 2 == 0 else below, downwards=sweep % 2 == 0)
        found = crossings(rows, below)
        if found < least:
            best, least = [list(row) for row in rows], found
    return best


def crossings(rows: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> int:
    """How many pairs of lines cross between adjacent rows."""
    place = {item: position for row in rows for position, item in enumerate(row)}
    total = 0
    for row in rows:
        seen: list[int] = []
        for item in row:
            ends = sorted(place[lower] for lower in below[item])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _sweep(rows: Sequence[list[int]], joined: Sequence[Sequence[int]], *, downwards: bool) -> None:
    """Sorts each row by the mean place of what its items are joined to; those joined to nothing keep their place."""
    place = {item: float(position) for row in rows for position, item in enumerate(row)}
    for row in rows if downwards else reversed(rows):
        wanted = {
            item: sum(place[other] for other in joined[item]) / len(joined[item]) if joined[item] else place[item]
            for item in row
        }
        row.sort(key=wanted.__getitem__)
        place.update((item, float(position)) for position, item in enumerate(row))
