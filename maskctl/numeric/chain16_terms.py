"""The products that fp16 chains add up, as the ways of summing want them.

Values are finite float32 arrays of fp16 values. A tile of sums is (b, m, n): b independent matrix products of m rows and n
places.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskctl.numeric.formats import FloatArray

Indices = npt.NDArray[np.intp]
Wide = npt.NDArray[np.float64]

SCALE = np.float32(2.0**-112)
"""Times this, the subnormals of fp16 fall on those of float32."""


class Terms(Protocol):
    """The terms of one tile, step by step."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(b, m, n) of the tile."""

    @property
    def steps(self) -> int:
        """How many products each sum has."""

    def scaled(self, step: int, out: FloatArray) -> None:
        """Writes the products of a step times `SCALE` to `out`, rounded to float32; the sign of a zero is lost."""

    def wide(self, first: int) -> Iterator[Wide]:
        """The exact products of each step from `first` on, in an array that may be written to."""

    def of(self, steps: slice, which: Indices) -> tuple[FloatArray, FloatArray]:
        """Both factors of single elements by their flat index into the tile, (steps, len(which)) each."""


class Matrices:
    """Matrix products term by term: `left` (k, b, m) times `right` (b, k, n).

    Products are made by a matrix product of two terms, the second of them times 0: BLAS takes rows of any length at the
    speed that a product of vectors reaches only on long ones.
    """

    def __init__(self, left: FloatArray, right: FloatArray) -> None:
        self._left, self._right = left, right
        self._beside_zeros = np.zeros((*left.shape, 2), np.float32)
        self._beside_zeros[..., 0] = left
        batch, steps, width = right.shape
        self._scaled = np.zeros((batch, steps + 1, width), np.float32)
        np.multiply(right, SCALE, out=self._scaled[:, :-1])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(b, m, n)."""
        return (*self._left.shape[1:], self._right.shape[2])

    @property
    def steps(self) -> int:
        """k."""
        return len(self._left)

    def tile(self, which: slice, rows: slice, places: slice) -> Matrices:
        """The terms of a part; nothing is copied."""
        part = object.__new__(Matrices)
        part._left, part._right = self._left[:, which, rows], self._right[which, :, places]
        part._beside_zeros, part._scaled = self._beside_zeros[:, which, rows], self._scaled[which, :, places]
        return part

    def scaled(self, step: int, out: FloatArray) -> None:
        """See `Terms`."""
        np.matmul(self._beside_zeros[step], self._scaled[:, step : step + 2], out=out)

    def wide(self, first: int) -> Iterator[Wide]:
        """See `Terms`."""
        left, right = self._left[first:].astype(np.float64), self._right[:, first:].astype(np.float64)
        product = np.empty(self.shape)
        for step, rows in enumerate(left):
            yield np.multiply(rows[:, :, None], right[:, step, None], out=product)

    def of(self, steps: slice, which: Indices) -> tuple[FloatArray, FloatArray]:
        """See `Terms`."""
        product, row, place = np.unravel_index(which, self.shape)
        return self._left[steps, product, row], self._right[product, steps, place].T


class Gathered:
    """A matrix product whose second side is mostly zeros, without the terms that are zero: one row for each place.

    `weights` is (k, m), `order` and `values` (steps, n): which of the k terms is next at each place, and its value there.
    """

    def __init__(self, weights: FloatArray, order: Indices, values: FloatArray) -> None:
        self._weights, self._order, self._values = weights, order, values
        self._scaled = values * SCALE

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, n, m)."""
        return (1, self._order.shape[1], self._weights.shape[1])

    @property
    def steps(self) -> int:
        """The most terms of any place."""
        return len(self._order)

    def scaled(self, step: int, out: FloatArray) -> None:
        """See `Terms`."""
        np.take(self._weights, self._order[step], axis=0, out=out[0], mode="clip")
        np.multiply(out[0], self._scaled[step, :, None], out=out[0])

    def wide(self, first: int) -> Iterator[Wide]:
        """See `Terms`."""
        weights, product = self._weights.astype(np.float64), np.empty(self.shape)
        for order, values in zip(self._order[first:], self._values[first:], strict=True):
            np.take(weights, order, axis=0, out=product[0], mode="clip")
            product[0] *= values[:, None]
            yield product

    def of(self, steps: slice, which: Indices) -> tuple[FloatArray, FloatArray]:
        """See `Terms`."""
        place, row = np.divmod(which, self._weights.shape[1])
        return self._weights[self._order[steps, place], row], self._values[steps, place]
