"""Chains of fp16 multiply-adds in float32: twice as many elements at a time as in float64, with ties set right afterwards.

Everything is kept times 2**-112, so that the subnormals of fp16 fall on those of float32 and fp16 rounding drops the
last 13 bits of any float32. A step rounds its sum twice, to float32 and, ties away from zero, to fp16. That is the fused
multiply-add's one rounding to nearest even but where the float32 sum lies halfway between two fp16 values: rounding is
monotone and every such midpoint is a float32, so that a float32 sum may come to lie on a midpoint, but never crosses one.
Those elements are found by the 13 dropped bits, and computed again in float64 from the last block of steps on; several
tiles go through a block before that is done for all of them at once.

Products under 2**-37 lose bits, and zero products their sign. Neither moves a sum that is not 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from maskctl.numeric.chain16_in_float64 import by_bits
from maskctl.numeric.chain16_terms import SCALE, Indices, Terms
from maskctl.numeric.formats import FloatArray

_UNSCALE = np.float32(2.0**112)
_HALF = np.array(1 << 12, np.int32)  # numpy takes an array without axes quicker than a scalar
_DROPPED = np.array((1 << 13) - 1, np.int32)
_FIRST_BLOCK, _BLOCK = 4, 8
_MOST_TIES = 1 / 64
"""The share of elements with a tie in a step beyond which float64 is faster from there on."""


class _Tile:
    """The sums of a tile, scaled, before and after a block of steps."""

    def __init__(self, terms: Terms, start: FloatArray) -> None:
        self.terms, self.steps = terms, terms.steps
        self.before = np.empty(terms.shape, np.float32)
        self.sums = np.multiply(start, SCALE, order="C")

    def sum_block(self, block: range, work: _Work) -> Indices:
        """Adds the block's terms; returns which elements had a tie in one of its steps, by flat index."""
        self.before, self.sums = self.sums, self.before
        term, dropped, least = work.of(self.sums.shape)
        bits, kept = term.view(np.int32), self.sums.view(np.int32)
        total, rest = self.before, least  # the first step's dropped bits are the least so far
        for step in block:
            self.terms.scaled(step, term)
            np.add(term, total, out=term)
            np.add(bits, _HALF, out=bits)
            np.bitwise_and(bits, _DROPPED, out=rest)
            np.subtract(bits, rest, out=kept)
            if rest is dropped:
                np.minimum(least, dropped, out=least)
            total, rest = self.sums, dropped
        return np.flatnonzero(least == 0)

    def finish(self, first: int) -> None:
        """Has float64 add the terms from step `first` on."""
        self.sums = by_bits(self.sums * _UNSCALE, self.terms.wide(first)) * SCALE
        self.steps = first


class _Work:
    """Room for one tile at a time."""

    def __init__(self, elements: int) -> None:
        self._floats, self._integers = np.empty(elements, np.float32), np.empty((2, elements), np.int32)

    def of(self, shape: tuple[int, ...]) -> tuple[FloatArray, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Terms, the bits dropped from a step's sums, and the least of them."""
        size = math.prod(shape)
        dropped, least = self._integers[:, :size]
        return self._floats[:size].reshape(shape), dropped.reshape(shape), least.reshape(shape)


def sums(tiles: Sequence[tuple[Terms, FloatArray]]) -> list[FloatArray]:
    """The sums of each tile's terms on top of its start; all tiles have as many steps.

    No partial sum may reach 65504. The sign of a sum that is zero, and a sum of products that are all below 2**-37, may
    be wrong.
    """
    parts = [_Tile(terms, start) for terms, start in tiles]
    work = _Work(max((part.sums.size for part in parts), default=0))
    for block in _blocks(max((part.steps for part in parts), default=0)):
        tied = [(part, part.sum_block(block, work)) for part in parts if part.steps > block.start]
        _set_right(block, [(part, which) for part, which in tied if which.size])
        for part, which in tied:
            if which.size > _MOST_TIES * part.sums.size * len(block):
                part.finish(block.stop)
    return [np.multiply(part.sums, _UNSCALE, out=part.sums) for part in parts]


def _blocks(steps: int) -> Iterator[range]:
    """The first block is short: it says whether ties are many."""
    begin, size = 0, _FIRST_BLOCK
    while begin < steps:
        yield range(begin, min(begin + size, steps))
        begin, size = begin + size, _BLOCK


def _set_right(block: range, tied: Sequence[tuple[_Tile, Indices]]) -> None:
    """Computes the block's sums of elements with ties again."""
    if not tied:
        return
    steps = slice(block.start, block.stop)
    factors = [part.terms.of(steps, which) for part, which in tied]
    left, right = (np.concatenate(side, axis=1, dtype=np.float64) for side in zip(*factors, strict=True))
    start = np.concatenate([part.before.ravel()[which] for part, which in tied])
    found = by_bits(start * _UNSCALE, left * right) * SCALE
    begin = 0
    for part, which in tied:
        part.sums.ravel()[which] = found[begin : begin + which.size]
        begin += which.size
