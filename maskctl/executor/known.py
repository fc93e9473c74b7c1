"""Blobs of many runs of one network, by what they were made of, so that none is computed twice while there is room for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskctl.executor.suffixes import identical
from maskctl.layers.base import Array, Arrays
from maskctl.targets.storage import Step


@dataclass(frozen=True)
class Made:
    """How blobs came about: a layer by its index, how it ran, and the numbers of the blobs it read."""

    index: int
    step: Step
    read: tuple[int, ...]


@dataclass
class _Kept:
    values: Array
    worth: float
    rank: float


class Known:
    """Blobs by number. Those of one layer that are alike to the bit, and in memory, have one number, whatever they were made of.

    Numbers are never forgotten. Of the blobs themselves `most` bytes are kept, beside those that stay: the first to go are
    those that take least time to be made again, for their bytes and since they were used last (Cao and Irani, "Cost-aware WWW
    proxy caching algorithms", 1997, Greedy-Dual-Size).
    """

    def __init__(self, most: int) -> None:
        self._most, self._bytes, self._now, self._count = most, 0, 0.0, 0
        self._stay: dict[int, Array] = {}
        self._kept: dict[int, _Kept] = {}
        self._tops: dict[Made, tuple[int, ...]] = {}
        self._made: dict[int, Made] = {}
        self._alike: dict[tuple[int, int], list[int]] = {}
        self._finite: dict[int, bool] = {}

    def given(self, values: Array) -> int:
        """The number of a blob that no layer made, which stays."""
        number = self._number(values)
        self._stay[number] = values
        return number

    def tops(self, made: Made) -> tuple[int, ...] | None:
        """The numbers of what was made in this way, if anything was."""
        return self._tops.get(made)

    def made(self, number: int) -> Made:
        """How the blob of a number came about first."""
        return self._made[number]

    def is_finite(self, number: int) -> bool:
        """True where all elements of the blob are."""
        return self._finite[number]

    def find(self, number: int) -> Array | None:
        """The blob of a number, where it is kept."""
        if number in self._stay:
            return self._stay[number]
        kept = self._kept.get(number)
        if kept is None:
            return None
        kept.rank = self._now + kept.worth
        return kept.values

    def take(self, made: Made, read: Arrays, tops: Arrays, seconds: float, *, stay: bool = False) -> tuple[int, ...]:
        """The numbers of blobs that were made of others, which took so long; those of a first run `stay`."""
        numbers = self._tops.get(made)
        if numbers is None:
            numbers = tuple(self._numbered(made, place, read, values) for place, values in enumerate(tops))
            self._tops[made] = numbers
        for number, values in zip(numbers, tops, strict=True):
            if stay:
                self._stay.setdefault(number, values)
            elif number not in self._stay:
                self._keep(number, values, seconds)
        return numbers

    def _numbered(self, made: Made, place: int, read: Arrays, values: Array) -> int:
        """The number of an input that was handed on, of a blob that is alike, or a new one."""
        for number, blob in zip(made.read, read, strict=True):
            if blob is values:
                return number
        others = self._alike.setdefault((made.index, place), [])
        for number in others:
            other = self._stay.get(number)
            if other is None and number in self._kept:
                other = self._kept[number].values
            if other is not None and (
                other is values or (other.strides == values.strides and identical(other, values))
            ):
                return number
        number = self._number(values)
        self._made[number] = made
        others.append(number)
        return number

    def _number(self, values: Array) -> int:
        self._count += 1
        self._finite[self._count] = bool(np.isfinite(values).all())
        return self._count

    def _keep(self, number: int, values: Array, seconds: float) -> None:
        if number not in self._kept:
            self._bytes += values.nbytes
        worth = seconds / max(1, values.nbytes)
        self._kept[number] = _Kept(values, worth, self._now + worth)
        while self._bytes > self._most:
            least = min(self._kept, key=lambda other: self._kept[other].rank)
            gone = self._kept.pop(least)
            self._now = gone.rank
            self._bytes -= gone.values.nbytes
