"""How many values lie in each power of two: counts that add up over samples, read off the exponents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from maskctl.layers.base import Array

_BIAS = 127
_FIELDS = 256
_LEAST, _NOT_FINITE = 0, 255


@dataclass
class Histogram:
    """Counts of magnitudes by power of two, and apart from them the zeros and what is not finite.

    `first` is the exponent of the first count: count k is of the magnitudes from 2^(first + k) up to twice that. What is
    below 2^-126 counts as 2^-127.
    """

    zeros: int = 0
    not_finite: int = 0
    _fields: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(_FIELDS, np.int64))

    def add(self, values: Array) -> None:
        """Counts the elements of an array too.

        >>> found = Histogram()
        >>> found.add(np.float32([0.75, -1, 1.5, 65504, 0, np.inf]))
        >>> found.first, found.counts[:3], found.counts[-1], found.zeros, found.not_finite
        (-1, (1, 2, 0), 1, 1, 1)
        """
        bits = np.ascontiguousarray(values, np.float32).reshape(-1).view(np.uint32)
        fields = np.bincount((bits >> np.uint32(23)).astype(np.uint8), minlength=_FIELDS)
        zeros = int(np.count_nonzero((bits << np.uint32(1)) == 0))
        fields[_LEAST] -= zeros
        self.zeros += zeros
        self.not_finite += int(fields[_NOT_FINITE])
        fields[_NOT_FINITE] = 0
        self._fields += fields

    def merge(self, other: Histogram) -> None:
        """Counts what another one has counted."""
        self.zeros += other.zeros
        self.not_finite += other.not_finite
        self._fields += other._fields

    @property
    def first(self) -> int:
        """The exponent of the first count; 0 without any."""
        return int(np.argmax(self._fields > 0)) - _BIAS if self._fields.any() else 0

    @property
    def counts(self) -> Sequence[int]:
        """Counts from the smallest power of two that has any to the largest."""
        return tuple(int(count) for count in np.trim_zeros(self._fields))

    def below(self, exponent: int) -> int:
        """How many magnitudes other than 0 are below 2^exponent."""
        return int(self._fields[: max(0, exponent + _BIAS)].sum())
