"""Matrices of fp16 chains: how each sum is made, and in which parts.

- `chain16_in_float32`, for nearly everything: the fastest where ties are rare, as they are between numbers with all their bits;
- `chain16_in_float64.by_bits`, where ties are many;
- `chain16_in_float64.by_cast`, for single sums that might overflow, which the other two cannot show, and for zeros that may have
  been rounded to, whose sign they may have lost.

Terms that are zero at every place are left out, and where most are zero at each place by itself, as behind a ReLU,
`chain16_nonzero` leaves out those too: they move no sum that is not zero.

Shapes throughout: start and sums (b, m, n), `left` (k, b, m), `right` (b, k, n), for b independent products of k terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import numpy as np
import numpy.typing as npt

from maskctl.numeric import chain16_in_float32, chain16_nonzero
from maskctl.numeric.chain16_in_float64 import by_cast
from maskctl.numeric.chain16_terms import Indices, Matrices, Terms
from maskctl.numeric.formats import FP16, FloatArray

_TILE_ELEMENTS = 49152
"""Of five arrays of four bytes: out of a core's L2 cache now and then, but large enough that numpy's calls cost little."""
_LONG_ROW = 4096
_PANEL_TILES = 8
_SMALLEST_PRODUCT = 2.0**-2
"""Of products that are no smaller, the last bit of every one is 2**-24 or more, as that of every sum: no sum is rounded to zero."""
_AT_ONCE = 1 << 21
"""Terms of single sums that are in memory at a time."""

Tile = tuple[slice, slice, slice]


def sums(start: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """Each sum begins at `start` and takes its terms in order, each step rounded once; right for every fp16 value."""
    lost = (
        np.asarray(np.isnan(left).any(axis=0)),
        np.asarray(np.isnan(right).any(axis=1)),
    )  # a NaN among its terms makes a sum NaN
    left, right = (
        np.where(np.isnan(side), np.float32(0), side) if np.isnan(side).any() else side for side in (left, right)
    )
    with np.errstate(all="ignore"), _short_buffer():
        out = _in_float32(start, *_without_dead_terms(left, right))
        uncertain = _uncertain(out, start, left, right)
        _set_zeros_right(out, start, left, right)
        _set_right(out, start, left, right, uncertain)
    if lost[0].any() or lost[1].any():
        out[lost[0][:, :, None] | lost[1][:, None, :]] = np.nan
    return out


@contextmanager
def _short_buffer() -> Iterator[None]:
    """numpy copies products of a row and a column through its buffer when that is large: 2x slower."""
    before = np.setbufsize(16)
    try:
        yield
    finally:
        np.setbufsize(before)


def _without_dead_terms(left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Both sides without the terms that are zero in all rows or all places, as far as the other side is finite."""
    alive = left.any(axis=(1, 2)) & right.any(axis=(0, 2))
    if alive.all() or not (np.isfinite(left).all() and np.isfinite(right).all()):
        return left, right
    return left[alive], right[:, alive]


def _in_float32(start: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """The sums by the fast ways."""
    batch, height = left.shape[1:]
    out = np.empty((batch, height, right.shape[2]), np.float32)
    if batch == 1 and chain16_nonzero.pays(right[0], height):
        for tiles in chain16_nonzero.panels(left[:, 0], right[0], _TILE_ELEMENTS, _PANEL_TILES):
            terms: Sequence[tuple[Terms, FloatArray]] = [(part, start[:, :, at].swapaxes(1, 2)) for part, at in tiles]
            for (_, at), found in zip(tiles, chain16_in_float32.sums(terms), strict=True):
                out[0, :, at] = found[0]
        return out
    products, places = Matrices(left, right), _tiles(*out.shape)
    while panel := list(islice(places, _PANEL_TILES)):
        found_tiles = chain16_in_float32.sums([(products.tile(*place), start[place]) for place in panel])
        for place, found in zip(panel, found_tiles, strict=True):
            out[place] = found
    return out


def _tiles(batch: int, height: int, width: int) -> Iterator[Tile]:
    """Parts of (batch, height, width) of at most `_TILE_ELEMENTS`, rows as long as can be."""
    places = max(1, min(width, _LONG_ROW))
    rows = max(1, min(height, _TILE_ELEMENTS // places))
    which = max(1, min(batch, _TILE_ELEMENTS // (places * rows)))
    for first in range(0, batch, which):
        for top in range(0, height, rows):
            for begin in range(0, width, places):
                yield slice(first, first + which), slice(top, top + rows), slice(begin, begin + places)


def _uncertain(out: FloatArray, start: FloatArray, left: FloatArray, right: FloatArray) -> Indices:
    """Sums, by flat index, that might overflow on their way, whatever the order of their terms, or whose zero may have a sign."""
    found = _may_overflow(start, left, right)
    zeros = out == 0
    if zeros.any() and _smallest(left) * _smallest(right) < _SMALLEST_PRODUCT:
        alive = (
            np.asarray(left.any(axis=0))[:, :, None] & np.asarray(right.any(axis=1))[:, None, :]
        )  # others' products are zeros
        found = np.union1d(found, np.flatnonzero(zeros & alive))
    return found


def _may_overflow(start: FloatArray, left: FloatArray, right: FloatArray) -> Indices:
    # Each of the k roundings grows the sum by at most 2**-11 of it; 1 % more covers float32's own rounding here.
    growth = np.float64(1 + 2.0**-11) ** len(left)  # infinite for very long chains, where Python's would raise
    limit = FP16.largest / (1.01 * growth)
    weights, values = np.abs(left).transpose(1, 2, 0), np.abs(right)
    # The largest value of each step bounds its products at all places at once: cheap, and mostly enough.
    most = weights @ np.max(values, axis=2, initial=0.0)[:, :, None]
    if np.max(most, initial=0.0) + np.max(np.abs(start), initial=0.0) < limit:
        return np.empty(0, np.intp)
    return np.flatnonzero(~(weights @ values + np.abs(start) < limit))


def _smallest(values: FloatArray) -> float:
    """The smallest magnitude but 0, infinite where all are 0."""
    sizes = np.abs(values)
    return float(np.min(sizes, initial=np.inf, where=sizes > 0))


def _set_right(out: FloatArray, start: FloatArray, left: FloatArray, right: FloatArray, which: Indices) -> None:
    """Computes single sums again, by casts."""
    count = max(1, _AT_ONCE // max(1, len(left)))
    for begin in range(0, which.size, count):
        chosen = which[begin : begin + count]
        product, row, place = np.unravel_index(chosen, out.shape)
        factors = left[:, product, row], right[product, :, place].T
        out[product, row, place] = by_cast(start[product, row, place], *factors)


def _set_zeros_right(out: FloatArray, start: FloatArray, left: FloatArray, right: FloatArray) -> None:
    """A sum that begins at -0 stays -0 where every product is -0, and only there; right where no sum is rounded to zero."""
    doubtful = (out == 0) & (start == 0) & np.signbit(start)
    if not doubtful.any():
        return
    positive = _any_product(~np.signbit(left), ~np.signbit(right)) | _any_product(np.signbit(left), np.signbit(right))
    only_minus = ~positive & ~_any_product(left != 0, right != 0)
    out[doubtful] = np.where(only_minus[doubtful], np.float32(-0.0), np.float32(0))


def _any_product(left: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """For each sum, whether both factors of any term are True."""
    found: npt.NDArray[np.bool_] = left.transpose(1, 2, 0).astype(np.float32) @ right.astype(np.float32) > 0
    return found
