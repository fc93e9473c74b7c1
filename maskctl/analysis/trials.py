"""Trials of masks, several at once where there are processes that would have nothing to do.

A team of workers has all samples. What a search is likely to ask for next is tried ahead by teams without work, and counts for
nothing until it is asked for: a search finds the same with one team and with many.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias

from maskctl.analysis.goal import Outcome
from maskctl.analysis.measuring import Worker
from maskctl.analysis.sets import Key, Masks, key_of
from maskctl.analysis.shares import Blobs
from maskctl.executor.samples import Portion

_Asked: TypeAlias = "SimpleQueue[Masks | None]"
Found: TypeAlias = list[tuple[Outcome, list[Blobs]]]
"""The outcome over the samples of each worker, and where they are to be given, its outputs."""

_MOST_AHEAD = 8
_MOST_UNASKED = 64
"""Trials that wait for a team without work, and those whose outcome is kept although nobody has asked for it yet."""


class Team:
    """Workers that have all samples together; to guests the portion of another is brought first, with its number."""

    def __init__(self, workers: Sequence[Worker], guests: Sequence[tuple[int, Portion]] = ()) -> None:
        self._workers, self._guests = workers, guests

    def trial(self, masks: Masks, *, give: bool) -> Found:
        """What the workers find under masks, with their outputs to `give`; raises what one of them raises."""
        for worker, guest in zip(self._workers, self._guests, strict=bool(self._guests)):
            worker.ask("help_with", *guest)
            worker.answer()
        self._guests = ()
        for worker in self._workers:
            worker.ask("evaluate", dict(masks), give)
        return [worker.answer() for worker in self._workers]


def teams_of(
    workers: Sequence[Worker], own: Sequence[Sequence[int]], portions: Sequence[Portion], most: int
) -> list[Team]:
    """The team of those that own portions and, up to `most` in all, teams of as many that own none, with copies of these."""
    size = sum(map(bool, own))
    found = [Team(workers[:size])]
    for start in range(size, len(workers) - size + 1, size):
        guests = [(number, portions[number]) for numbers in own[:size] for number in numbers]
        found.append(Team(workers[start : start + size], guests))
    return found[:most]


class Trials:
    """What teams find under masks, and their outputs to `give`."""

    def __init__(self, teams: Sequence[Team], *, give: bool) -> None:
        self._teams, self._give = teams, give
        self._most = len(teams) if give else _MOST_UNASKED
        self._next: list[Masks] = []
        self._running: set[Key] = set()
        self._found: dict[Key, Found] = {}
        self._failed: set[Key] = set()
        self._failure: BaseException | None = None
        self._inbox: SimpleQueue[tuple[int, Key, Found | BaseException]] = SimpleQueue()
        self._asked: list[_Asked] = []
        for place in range(len(teams) if len(teams) > 1 else 0):
            self._asked.append(SimpleQueue())
            Thread(target=self._serve, args=(place,), daemon=True).start()
        self._idle = set(range(len(self._asked)))

    def ahead(self, masks: Iterable[Masks]) -> None:
        """Says what will probably be asked for next, the most likely first; with one team nothing of it is looked at."""
        if len(self._teams) > 1:
            self._next = [*itertools.islice(masks, _MOST_AHEAD)]
            self._employ()

    def find(self, masks: Masks) -> Found:
        """What a team finds under masks, or has found already; raises what a worker raises where no team is left to find it."""
        if len(self._teams) == 1:
            return self._teams[0].trial(masks, give=self._give)
        key = key_of(masks)
        while key not in self._found:
            self._begin(masks)
            self._employ()
            if self._failure and not self._running:
                raise self._failure
            self._hear()
        found = self._found.pop(key)
        self._employ()
        return found

    def close(self) -> None:
        """Ends the threads of teams without work; the others end with their workers."""
        for place in self._idle:
            self._asked[place].put(None)

    def _employ(self) -> None:
        """Gives teams without work what comes next."""
        while self._idle and self._next:
            masks = self._next.pop(0)
            if key_of(masks) not in self._failed:
                self._begin(masks)

    def _begin(self, masks: Masks) -> None:
        """Has a team try masks, the first without work: it knows most."""
        key = key_of(masks)
        if self._idle and key not in self._running and key not in self._found:
            place = min(self._idle)
            self._idle.remove(place)
            self._running.add(key)
            self._asked[place].put(masks)

    def _hear(self) -> None:
        """Waits for one of the teams. One that failed gets no work any more, and others what it was at only if that is asked for."""
        place, key, found = self._inbox.get()
        self._running.discard(key)
        if isinstance(found, BaseException):
            self._failed.add(key)
            self._failure = found
            return
        self._idle.add(place)
        self._found[key] = found
        if len(self._found) > self._most:
            del self._found[next(iter(self._found))]

    def _serve(self, place: int) -> None:
        """One team's trials, in a thread of its own."""
        while (masks := self._asked[place].get()) is not None:
            try:
                found: Found | BaseException = self._teams[place].trial(masks, give=self._give)
            except BaseException as error:  # noqa: BLE001 - raised where it is asked for
                found = error
            self._inbox.put((place, key_of(masks), found))
            if isinstance(found, BaseException):
                return
