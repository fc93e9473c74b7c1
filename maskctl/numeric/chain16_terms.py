"""The products that fp16 chains add up, as the ways of summing want them.

Values are finite float32 arrays of fp16 values. A tile of sums is (b, m, n): b independent matrix products of m rows and n
places.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskctl.numeric.formats import FloatArray

Indices = npt.NDArray[np.intp]
Wide = npt.NDArray[np.float64]

SCALE = np.float32(2.0**-112)
"""Times this, the subnormals of fp16 fall on those of float32."""


_LEAST_NORMAL = np.float32(2.0**-14)
"""Of fp16; products below it are subnormal in float32 times `SCALE`."""
_LEAST_BITS = np.int32((127 - 14) << 23)
_SIGN = np.int32(-1 << 31)
_GOLDEN = (math.sqrt(5) - 1) / 2
_MANY_SUBNORMAL, _SAMPLED, _SMALL = 1 / 24, 64, 4096
"""The share of such products with which putting them together is faster, how many of either side say so, and too few sums for it."""


@cache
def subnormals_are_slow() -> bool:
    """True where a product that is subnormal takes much longer than another, as on Intel's cores it does."""
    values, seconds = np.full(4096, 2.0**-120, np.float32), []
    with np.errstate(all="ignore"):
        for factor in (np.float32(1), np.float32(2.0**-10)):
            out, times = np.empty_like(values), []
            for _ in range(5):
                start = time.perf_counter()
                np.multiply(values, factor, out=out)
                times.append(time.perf_counter() - start)
            seconds.append(min(times))
    return seconds[1] > 3 * seconds[0]


def _subnormal_share(left: FloatArray, right: FloatArray) -> float:
    """The share of products, of some, that times `SCALE` are subnormal in float32."""
    if not (left.size and right.size):
        return 0.0
    spread = np.arange(_SAMPLED) * _GOLDEN % 1  # an even step might meet one row or one channel alone
    some = [np.abs(side.flat[(spread * side.size).astype(np.intp)]) for side in (left, right)]
    products = np.multiply.outer(*some)
    return float(np.mean((products > 0) & (products < _LEAST_NORMAL)))


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
        large = math.prod(self.shape) > _SMALL and subnormals_are_slow()
        slow = large and _subnormal_share(left, right) > _MANY_SUBNORMAL
        self._products: _Multiplied | _Composed = _Composed(left, right) if slow else _Multiplied(left, right)

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
        part._products = self._products.tile(which, rows, places)
        return part

    def scaled(self, step: int, out: FloatArray) -> None:
        """See `Terms`."""
        self._products.scaled(step, out)

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


class _Multiplied:
    """Scaled products as the processor makes them."""

    def __init__(self, left: FloatArray, right: FloatArray) -> None:
        self._beside_zeros = np.zeros((*left.shape, 2), np.float32)
        self._beside_zeros[..., 0] = left
        batch, steps, width = right.shape
        self._scaled = np.zeros((batch, steps + 1, width), np.float32)
        np.multiply(right, SCALE, out=self._scaled[:, :-1])

    def tile(self, which: slice, rows: slice, places: slice) -> _Multiplied:
        """See `Matrices`."""
        part = object.__new__(_Multiplied)
        part._beside_zeros, part._scaled = self._beside_zeros[:, which, rows], self._scaled[which, :, places]
        return part

    def scaled(self, step: int, out: FloatArray) -> None:
        """See `Terms`."""
        np.matmul(self._beside_zeros[step], self._scaled[:, step : step + 2], out=out)


class _Composed:
    """Scaled products put together from bits, for processors that are slow where a product is subnormal.

    With p a product's magnitude and L the least normal number of fp16, 2**-14: where p is at least L, the bits of p times
    `SCALE` are those of 2 p less those of L. Where it is less, the sum p + L has the exponent of L, and less the bits of L it
    is rounded to what a subnormal float32 keeps of p. The larger of the two is the right one, and the sign is set by itself.
    """

    def __init__(self, left: FloatArray, right: FloatArray) -> None:
        self._twice, self._raised = np.zeros((*left.shape, 2), np.float32), np.ones((*left.shape, 2), np.float32)
        self._raised[..., 1] = np.abs(left)
        self._twice[..., 1] = 2 * self._raised[..., 1]
        batch, steps, width = right.shape
        self._behind_least = np.full((batch, steps + 1, width), _LEAST_NORMAL, np.float32)
        np.abs(right, out=self._behind_least[:, 1:])
        self._left_signs = np.ascontiguousarray(left).view(np.int32) & _SIGN
        self._right_signs = (np.ascontiguousarray(right).view(np.int32) & _SIGN) - _LEAST_BITS
        self._work = np.empty(0, np.float32)

    def tile(self, which: slice, rows: slice, places: slice) -> _Composed:
        """See `Matrices`."""
        part = object.__new__(_Composed)
        part._twice, part._raised = self._twice[:, which, rows], self._raised[:, which, rows]
        part._behind_least = self._behind_least[which, :, places]
        part._left_signs, part._right_signs = self._left_signs[:, which, rows], self._right_signs[which, :, places]
        size = math.prod((*part._left_signs.shape[1:], part._right_signs.shape[2]))
        if self._work.size < size:
            self._work = np.empty(size, np.float32)
        part._work = self._work
        return part

    def scaled(self, step: int, out: FloatArray) -> None:
        """See `Terms`."""
        if self._work.size < out.size:
            self._work = np.empty(out.size, np.float32)
        other, right = self._work[: out.size].reshape(out.shape), self._behind_least[:, : step + 2 : step + 1]
        bits, signs = out.view(np.int32), other.view(np.int32)
        np.matmul(self._twice[step], right, out=out)
        np.matmul(self._raised[step], right, out=other)
        np.maximum(out, other, out=out)
        np.bitwise_xor(self._right_signs[:, step, None], self._left_signs[step, :, :, None], out=signs)
        np.add(bits, signs, out=bits)


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
