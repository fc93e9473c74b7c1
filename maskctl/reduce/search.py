"""Trials: a candidate is run, and becomes the best so far when it still shows the fault. Nothing else decides."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from maskctl.errors import MaskctlError
from maskctl.reduce.case import Case
from maskctl.reduce.faults import Crash, Fault, Shown
from maskctl.reduce.runs import Runs, Setup, observe_together

_AT_ONCE = 8

Progress = Callable[[int], None]
"""Called with the number of candidates run so far."""


class Search:
    """The best case so far and what it shows; `origin` is the layer of the model that shows it."""

    def __init__(self, fault: Fault, origin: int, setup: Setup, most: int, progress: Progress) -> None:
        self.fault, self.origin, self.setup = fault, origin, setup
        self._most, self._progress = most, progress
        self.trials = 0
        self._found: tuple[Case, Shown] | None = None

    @property
    def found(self) -> tuple[Case, Shown]:
        """The best case and what it shows; there must be one."""
        if self._found is None:
            raise AssertionError("no case shows the fault yet")
        return self._found

    @property
    def best(self) -> Case | None:
        """The best case, None while there is none."""
        return self._found[0] if self._found else None

    @property
    def is_over(self) -> bool:
        """True when no more candidates are to be run."""
        return not self._left

    @property
    def _left(self) -> int:
        return max(0, self._most - self.trials)

    def attempt(self, candidate: Case | None) -> bool:
        """Runs a candidate (None: there is none to run); True when it shows the fault and is the best from now on."""
        return candidate is not None and self.first([candidate]) is not None

    def first(self, candidates: Iterable[Case]) -> int | None:
        """Runs candidates in turn up to one that shows the fault, the best from now on: its number, None for none.

        The engine takes long to start, and is given several at once; but what a crash depends on, memory around the blobs,
        is not as it will be for the files when others are run in the same start.
        """
        waiting, done = iter(candidates), 0
        at_once = _AT_ONCE if self.setup.engine and not isinstance(self.fault, Crash) else 1
        while some := list(itertools.islice(waiting, min(at_once, self._left))):
            self.trials += len(some)
            self._progress(self.trials)
            for place, shown in enumerate(self._judged(some)):
                if shown is not None and self._counts(some[place]):
                    self._found = some[place], shown
                    return done + place
            done += len(some)
        return None

    def _judged(self, candidates: Sequence[Case]) -> Iterator[Shown | None]:
        """What each shows; None too for one that is no sound model, or that nobody can run."""
        runs = [self._sound(candidate) for candidate in candidates]
        sound = [run for run in runs if run is not None]
        if sound and self.setup.engine:
            observe_together(sound)
        for run, candidate in zip(runs, candidates, strict=True):
            shown: Shown | None = None
            with contextlib.suppress(MaskctlError):
                shown = self.fault.shown(run, candidate.index_of(self.origin)) if run else None
            yield shown

    def _counts(self, candidate: Case) -> bool:
        """False for a crash that does not come again: reduced from that, the next would be luck too."""
        return not isinstance(self.fault, Crash) or self.fault.comes_again(candidate, self.setup)

    def _sound(self, candidate: Case) -> Runs | None:
        """The runs of a candidate, once fp32 has shown that it is one."""
        with contextlib.suppress(MaskctlError):
            runs = Runs(candidate.model, candidate.inputs, self.setup)
            _ = runs.exact
            return runs
        return None


def fewest(
    items: Sequence[int], first: Callable[[Iterable[Sequence[int]]], int | None], near: int | None = None
) -> None:
    """Tries ever fewer of `items`: blocks around the item `near`, then what is left without one block after another.

    `first` is called with what may be kept, and gives the number of the first that is enough. Blocks are halved down to
    one item (Zeller's ddmin, its complements).
    """
    kept = list(items)
    around = _around(kept, near)
    enough = first(around)
    if enough is not None:
        kept = around[enough]
    size = len(kept) // 2
    while size:
        start = 0
        while start < len(kept) > size:
            starts = range(start, len(kept), size)
            rests = [kept[:place] + kept[place + size :] for place in starts]
            enough = first(rests)
            if enough is None:
                break
            kept, start = rests[enough], starts[enough]
        size = min(size // 2, len(kept) // 2) if size > 1 else 0


def _around(items: Sequence[int], near: int | None) -> list[list[int]]:
    """Blocks of 1, 2, 4, … items that hold item `near`: aligned, as packed channels and tiles are, and around it."""
    if near is None or near not in items:
        return []
    place, size = list(items).index(near), 1
    found: list[list[int]] = []
    while size < len(items):
        starts = dict.fromkeys((place - place % size, max(0, place - size // 2)))
        found += [list(items[start : start + size]) for start in starts]
        size *= 2
    return found
