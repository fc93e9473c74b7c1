"""Chains of a matrix that is mostly zeros, as blobs behind a ReLU are, without the terms that are zero.

Each place has a list of its own of the terms that are not zero. Places with about as many are summed together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from maskctl.numeric.chain16_terms import Gathered, Indices
from maskctl.numeric.formats import FloatArray

_OF_A_TERM, _OF_A_ROW = 1.3, 100.0
"""What a gathered term takes, in times of one of a full matrix, and what a row of them takes beside, in elements."""


def pays(right: FloatArray, height: int) -> bool:
    """True when leaving out the zeros of `right` (k, n) is faster for that many rows of sums."""
    return bool(np.count_nonzero(right) * (_OF_A_TERM + _OF_A_ROW / max(1, height)) < right.size)


def panels(left: FloatArray, right: FloatArray, elements: int, count: int) -> Iterator[list[tuple[Gathered, Indices]]]:
    """The terms of (k, m) and (k, n) in tiles of at most `elements`, `count` at a time, with the places of each."""
    weights = np.ascontiguousarray(left)
    places = max(1, elements // max(1, left.shape[1]))
    ranked = np.argsort(np.count_nonzero(right, axis=0), kind="stable")
    for begin in range(0, len(ranked), places * count):
        chosen = ranked[begin : begin + places * count]
        order, values = _lists(right[:, chosen])
        yield [
            (Gathered(weights, order[:, at : at + places], values[:, at : at + places]), chosen[at : at + places])
            for at in range(0, len(chosen), places)
        ]


def _lists(right: FloatArray) -> tuple[Indices, FloatArray]:
    """Which terms are not zero at each place, in order, and their values: (steps, n), with zeros behind short lists."""
    by_place = np.ascontiguousarray(right.T)
    place, term = np.nonzero(by_place)
    counts = np.bincount(place, minlength=len(by_place))
    position = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    order = np.zeros((int(np.max(counts, initial=0)), len(by_place)), np.intp)
    values = np.zeros(order.shape, np.float32)
    order[position, place], values[position, place] = term, by_place[place, term]
    return order, values
