"""How far right each item of a row stands, so that lines are short and long ones straight."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from maskctl.report.drawing.ranks import Ranked, sweeps
from maskctl.report.drawing.sizes import BOX_WIDTH, GAP_X, LINE_WIDTH

_SWEEPS = 6
_STRAIGHT = 8.0
"""How much more a piece of a long line counts than one between boxes."""
_LOOSE = 0.1
"""How much an item counts that nothing pulls."""


def places(network: Ranked, rows: Sequence[Sequence[int]]) -> list[float]:
    """The middle of each item, by number: swept down and up, each row as near to its neighbours as its order allows."""
    above, below = network.neighbours()
    xs = [0.0] * len(network.rank)
    for row in rows:
        _set(xs, row, spread([0.0] * len(row), [1.0] * len(row), _gaps(network, row)))
    gaps = [_gaps(network, row) for row in rows]
    for sweep in range(sweeps(_SWEEPS, len(xs))):
        joined = above if sweep % 2 == 0 else below
        order = range(len(rows)) if sweep % 2 == 0 else reversed(range(len(rows)))
        for rank in order:
            pulled = [_pulled(network, xs, item, joined[item]) for item in rows[rank]]
            wanted, weights = zip(*pulled, strict=True)
            _set(xs, rows[rank], spread(wanted, weights, gaps[rank]))
    return xs


def _pulled(network: Ranked, xs: Sequence[float], item: int, joined: Sequence[int]) -> tuple[float, float]:
    """Where its neighbours want an item, and how much."""
    if not joined:
        return xs[item], _LOOSE
    if len(joined) == 1:
        straight = not (network.is_box(item) or network.is_box(joined[0]))
        return xs[joined[0]], _STRAIGHT if straight else 1.0
    return sum(xs[other] for other in joined) / len(joined), float(len(joined))


def spread(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Places in this order, each at least its gap behind the one before, the weighted squares of their errors least.

    Pools adjacent violators (Ayer et al. 1955): `gaps` are taken off, so that only the order is left to keep.

    >>> spread([0, 0], [1, 1], [0, 10]), spread([0, 30], [1, 1], [0, 10])
    ([-5.0, 5.0], [0.0, 30.0])
    """
    offset, offsets = 0.0, []
    blocks: list[list[float]] = []  # sum of weighted places, sum of weights, count
    for want, weight, gap in zip(wanted, weights, gaps, strict=True):
        offset += gap
        offsets.append(offset)
        blocks.append([weight * (want - offset), weight, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            last = blocks.pop()
            blocks[-1] = [left + right for left, right in zip(blocks[-1], last, strict=True)]
    pooled = [total / weight for total, weight, count in blocks for _ in range(int(count))]
    return [place + offset for place, offset in zip(pooled, offsets, strict=True)]


def _gaps(network: Ranked, row: Sequence[int]) -> list[float]:
    widths = [BOX_WIDTH if network.is_box(item) else LINE_WIDTH for item in row]
    return [0.0, *((left + right) / 2 + GAP_X for left, right in itertools.pairwise(widths))]


def _set(xs: list[float], row: Sequence[int], found: Sequence[float]) -> None:
    for item, x in zip(row, found, strict=True):
        xs[item] = x
