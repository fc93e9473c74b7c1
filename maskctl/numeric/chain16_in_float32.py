"""Chains of fp16 multiply-adds in float32: twice as many elements at a time as in float64, with ties set right afterwards.

Everything is kept times 2**-112, so that the subnormals of fp16 fall on those of float32 and fp16 rounding drops the
last 13 bits of any float32. A step rounds its sum twice, to float32 and, ties away from zero, to fp16. That is the fused
multiply-add's one rounding to nearest even but where the float32 sum lies halfway between two fp16 values: rounding is
monotone and every such midpoint is a float32, so that a float32 sum may come to lie on a midpoint, but never crosses one.
Those elements are found by the 13 dropped bits, and computed again from the last block of steps on.

Products under 2**-37 lose bits. They are too small to move a sum that is not 0, but the sign of a zero may be lost with
them; where that can be, zeros are computed again.

Accumulators are (b, m, n), terms (k, b, m) and (k, b, n): b independent matrix products, step by step.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from maskctl.numeric.chain16_in_float64 import element_by_element
from maskctl.numeric.formats import FloatArray

_SCALE = np.float32(2.0**-112)
_UNSCALE = np.float32(2.0**112)
_HALF = np.int32(1 << 12)
_DROPPED = np.int32((1 << 13) - 1)
_FIRST_BLOCK, _BLOCK = 4, 16
_SMALLEST_PRODUCT = 2.0**-37
_MOST_TIES = 1 / 256
"""The share of elements with a tie in a step beyond which setting them right costs more than this way saves."""


def chain(start: FloatArray, by_step: FloatArray, columns: FloatArray) -> tuple[FloatArray, int]:
    """As many steps as pay: the sums so far, and how many of the k steps they hold.

    No partial sum may reach 65504.
    """
    scaled = columns * _SCALE
    total = np.multiply(start, _SCALE, order="C")
    work = np.empty_like(total), np.empty(total.shape, np.int32), np.empty(total.shape, np.int32)
    done = 0
    for block in _blocks(len(columns)):
        before = total.copy()
        tied = np.flatnonzero(_sum_block(total, by_step[block], scaled[block], work) == 0)
        done = block.stop
        if tied.size:
            begun = before.ravel()[tied] * _UNSCALE
            total.ravel()[tied] = _again(begun, tied, total.shape, by_step[block], columns[block]) * _SCALE
        if tied.size > _MOST_TIES * total.size * (done - block.start):
            break
    total *= _UNSCALE
    _set_zeros_right(total, start, by_step[:done], columns[:done])
    return total, done


def _blocks(steps: int) -> Iterator[slice]:
    """The first block is short: it says whether ties are many."""
    begin, size = 0, _FIRST_BLOCK
    while begin < steps:
        yield slice(begin, min(begin + size, steps))
        begin, size = begin + size, _BLOCK


def _sum_block(
    total: FloatArray,
    by_step: FloatArray,
    scaled: FloatArray,
    work: tuple[FloatArray, npt.NDArray[np.int32], npt.NDArray[np.int32]],
) -> npt.NDArray[np.int32]:
    """Adds the block's terms to `total`; returns the smallest of the dropped bits of each element, 0 where one was a tie."""
    term, dropped, least = work
    bits, kept = term.view(np.int32), total.view(np.int32)
    least.fill(_DROPPED)
    for weights, values in zip(by_step, scaled, strict=True):
        np.multiply(weights[:, :, None], values[:, None, :], out=term)
        np.add(term, total, out=term)
        np.add(bits, _HALF, out=bits)
        np.bitwise_and(bits, _DROPPED, out=dropped)
        np.subtract(bits, dropped, out=kept)
        np.minimum(least, dropped, out=least)
    return least


def _again(
    start: FloatArray, which: npt.NDArray[np.intp], shape: tuple[int, ...], by_step: FloatArray, columns: FloatArray
) -> FloatArray:
    """The chains of single elements, by flat index into `shape`."""
    product, row, place = np.unravel_index(which, shape)
    return element_by_element(start, by_step[:, product, row], columns[:, product, place])


def _set_zeros_right(total: FloatArray, start: FloatArray, by_step: FloatArray, columns: FloatArray) -> None:
    zeros = total == 0
    if not zeros.any() or _smallest(by_step) * _smallest(columns) >= _SMALLEST_PRODUCT:
        return
    alive = (
        np.asarray(by_step.any(axis=0)),
        np.asarray(columns.any(axis=0)),
    )  # others' products are zeros with their sign
    found = np.flatnonzero(zeros & alive[0][:, :, None] & alive[1][:, None, :])
    total.ravel()[found] = _again(start.ravel()[found], found, total.shape, by_step, columns)


def _smallest(values: FloatArray) -> float:
    """The smallest magnitude but 0, infinite where all are 0."""
    sizes = np.abs(values)
    return float(np.min(sizes, initial=np.inf, where=sizes > 0))
