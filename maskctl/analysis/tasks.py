"""The measuring of a model cut into tasks, and which of them comes next for whom.

A task is a few layers of one portion of the samples. What tasks give adds up to the same sums to the bit, however layers and
samples are cut and whoever does which; so tasks get smaller towards the end, and a run that was interrupted leaves out what
it has done already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from maskctl.analysis.work import METHODS, Work
from maskctl.executor.suffixes import Effort

_LEAST_US = 200_000
_MOST_US = 5_000_000
"""Estimated work of a task: enough to be worth sending, and little enough to lose."""


@dataclass(frozen=True, order=True)
class Task:
    """A method of `Share`, the number of a portion, and the layers it is to be done for, in file order."""

    method: str
    number: int
    indices: tuple[int, ...]


@dataclass
class Measured:
    """Sums by the index of the layer, and what the variants took."""

    losses: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)


class Measurements(Protocol):
    """What an interrupted run has measured already; `of` is all that the sums of a portion depend on."""

    def measured(self, of: bytes) -> Iterator[tuple[str, tuple[int, ...], Measured]]:
        """The method and the layers of each task that was done, and what it gave."""

    def keep_measured(self, of: bytes, method: str, indices: Sequence[int], found: Measured) -> None:
        """Writes down what a task gave."""


class Board:
    """The tasks that nobody has taken; `layers` says of which layers each method is asked."""

    def __init__(self, work: Work, layers: Mapping[str, Sequence[int]], portions: int, workers: int) -> None:
        self._work, self._workers = work, workers
        self._left = {
            (method, number): list(layers[method])
            for number in range(portions)
            for method in METHODS
            if method in layers
        }

    def leave_out(self, method: str, number: int, indices: Iterable[int]) -> bool:
        """Takes off what is known; False where some of it is not to be done, or known twice, and nothing was taken."""
        left, known = self._left.get((method, number), []), set(indices)
        if not known or not known <= set(left):
            return False
        self._left[method, number] = [index for index in left if index not in known]
        self._work.known(method, number, known)
        return True

    def next(self, own: Collection[int]) -> Task | None:
        """The next task for the one whose portions are `own`: one of these, then of what most is left of.

        The lowered network is run by the one who owns the portion, whole; the masks that are tried later vary its run.
        """
        for (method, number), left in self._left.items():
            if number in own and left:
                return self._taken(method, number, len(left) if method == "lowered" else None)
        others = [key for key, left in self._left.items() if left and key[0] != "lowered"]
        return self._taken(*max(others, key=self._cost)) if others else None

    def _taken(self, method: str, number: int, count: int | None = None) -> Task:
        left = self._left[method, number]
        if count is None:
            total = sum(map(self._cost, self._left))
            enough = min(max(total / (2 * self._workers), _LEAST_US), _MOST_US)
            cost, count = 0.0, 0
            while count < len(left) and cost < enough:
                cost += self._work.of(method, number, left[count])
                count += 1
        self._left[method, number] = left[count:]
        return Task(method, number, tuple(left[:count]))

    def _cost(self, key: tuple[str, int]) -> float:
        return sum(self._work.of(*key, index) for index in self._left[key])
