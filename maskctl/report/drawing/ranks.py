"""Which row each box stands in, and the places that long lines take in the rows between."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ranked:
    """Boxes and, behind them in number, the places of lines; `rank` is the row of each, `chains` the way of each edge.

    A chain begins and ends with a box, and each of its items is one row below the one before.
    """

    boxes: int
    rank: Sequence[int]
    edges: Sequence[tuple[int, int]]
    chains: Sequence[tuple[int, ...]]

    def is_box(self, item: int) -> bool:
        """True for a box, False for a line's place."""
        return item < self.boxes

    @property
    def rows(self) -> list[list[int]]:
        """The items of each row, by number."""
        rows: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for item, rank in enumerate(self.rank):
            rows[rank].append(item)
        return rows

    def neighbours(self) -> tuple[list[list[int]], list[list[int]]]:
        """Of each item, those joined to it in the row above, and in the row below."""
        above: list[list[int]] = [[] for _ in self.rank]
        below: list[list[int]] = [[] for _ in self.rank]
        for chain in self.chains:
            for upper, lower in itertools.pairwise(chain):
                below[upper].append(lower)
                above[lower].append(upper)
        return above, below


_MOST_VISITS = 300_000


def sweeps(wished: int, items: int) -> int:
    """How often rows are swept: fewer times than wished, but twice at least, where there are very many items.

    >>> sweeps(8, 1000), sweeps(8, 100_000)
    (8, 3)
    """
    return max(2, min(wished, _MOST_VISITS // max(1, items)))


def ranked(count: int, edges: Sequence[tuple[int, int]]) -> Ranked:
    """Each box one row below the lowest it comes from; one that comes from none stands above the highest it leads to.

    >>> ranked(4, [(0, 1), (1, 2), (0, 3), (2, 3)]).chains[2]
    (0, 4, 5, 3)
    """
    rank = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        rank[target] = max(rank[target], rank[source] + 1)
    targets = {target for _, target in edges}
    below: dict[int, int] = {}
    for source, target in edges:
        if source not in targets:
            below[source] = min(below.get(source, rank[target]), rank[target])
    for source, row in below.items():
        rank[source] = row - 1
    chains = []
    for source, target in edges:
        between = range(rank[source] + 1, rank[target])
        chains.append((source, *range(len(rank), len(rank) + len(between)), target))
        rank.extend(between)
    return Ranked(count, rank, tuple(edges), chains)
