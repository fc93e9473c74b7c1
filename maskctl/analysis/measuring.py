"""The measuring of all layers over all portions of the samples: tasks handed to workers until none is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Protocol, TypeAlias

from maskctl.analysis.sensitivity import LayerLoss
from maskctl.analysis.tasks import Board, Measured, Measurements, Task
from maskctl.analysis.work import Work
from maskctl.executor.samples import Portion
from maskctl.executor.suffixes import Effort

Message: TypeAlias = tuple[str, tuple[Any, ...]]


class Worker(Protocol):
    """What runs a share, here or elsewhere: `ask` begins a method of it, `answer` waits for what that returns."""

    def ask(self, method: str, *arguments: object) -> None:
        """Begins a call."""

    def answer(self) -> Any:
        """What the call returned; raises what it raised."""

    def close(self) -> None:
        """Ends it; what it does is lost."""


class Telling:
    """Hands on what workers tell, in the thread that measures: while others wait for workers, through `inbox`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.inbox: SimpleQueue[Message] | None = None

    def told(self, what: str, number: int, index: int) -> None:
        """A worker told of a layer."""
        if self.inbox is None:
            self.hand_on(what, number, index)
        else:
            self.inbox.put(("told", (what, number, index)))

    def hand_on(self, what: str, number: int, index: int) -> None:
        """Counts it as done."""
        self._work.told(what, number, index)


@dataclass
class Crew:
    """Workers, the numbers of the portions that each of them owns, and all portions."""

    workers: Sequence[Worker]
    own: Sequence[Collection[int]]
    portions: Sequence[Portion]
    guest: dict[int, int] = field(default_factory=dict)

    def do(self, place: int, task: Task, ranges: Mapping[str, float]) -> Measured:
        """A task done by one of the workers, which is given the portion first where it has it not."""
        worker, number = self.workers[place], task.number
        if number not in self.own[place] and self.guest.get(place) != number:
            worker.ask("help_with", number, self.portions[number])
            worker.answer()
            self.guest[place] = number
        worker.ask(task.method, number, task.indices, ranges)
        found: Measured = worker.answer()
        return found


class Measuring:
    """What has been measured so far; `run` goes on until nothing is left.

    `of` says for each portion what its sums depend on, for those that are `remembered`.
    """

    def __init__(
        self,
        crew: Crew,
        board: Board,
        ranges: Mapping[str, float],
        of: Sequence[bytes],
        remembered: Measurements | None,
    ) -> None:
        self._crew, self._board, self._ranges, self._of, self._remembered = crew, board, ranges, of, remembered
        self._found: list[tuple[Task, Measured]] = []
        self._lock = Lock()
        for number, one in enumerate(of if remembered else ()):
            self._recall(number, one)

    def run(self, telling: Telling) -> None:
        """Has the workers do all tasks, one or all of them at once; raises what one of them raises."""
        if len(self._crew.workers) == 1:
            for task, found in self._tasks(0):
                self._took(task, found)
            return
        inbox: SimpleQueue[Message] = SimpleQueue()
        telling.inbox = inbox
        for place in range(len(self._crew.workers)):
            Thread(target=self._serve, args=(place, inbox), daemon=True).start()
        self._listen(telling, inbox)
        telling.inbox = None

    def add_to(self, losses: Sequence[LayerLoss]) -> Effort:
        """Adds the sums to the losses, in the order of tasks; what it took."""
        effort, by_index = Effort(), {loss.op.layer.index: loss for loss in losses}
        for _, found in sorted(self._found, key=lambda done: done[0]):
            effort.merge(found.effort)
            for index, sums in found.losses.items():
                by_index[index].merge(sums)
        return effort

    def complete(self, method: str) -> set[int]:
        """The layers for which a method is done in all portions."""
        counts = Counter(index for task, _ in self._found if task.method == method for index in task.indices)
        return {index for index, count in counts.items() if count == len(self._crew.portions)}

    def _recall(self, number: int, of: bytes) -> None:
        if self._remembered is None:
            return
        for method, indices, found in self._remembered.measured(of):
            if self._board.leave_out(method, number, indices):
                self._found.append((Task(method, number, indices), found))

    def _tasks(self, place: int) -> Iterator[tuple[Task, Measured]]:
        while True:
            with self._lock:
                task = self._board.next(self._crew.own[place])
            if task is None:
                return
            yield task, self._crew.do(place, task, self._ranges)

    def _serve(self, place: int, inbox: SimpleQueue[Message]) -> None:
        """One worker's tasks, in a thread of its own."""
        try:
            for done in self._tasks(place):
                inbox.put(("done", done))
            inbox.put(("ended", ()))
        except BaseException as error:  # noqa: BLE001 - raised where the others are waited for
            inbox.put(("failed", (error,)))

    def _listen(self, telling: Telling, inbox: SimpleQueue[Message]) -> None:
        heard: Mapping[str, Callable[..., None]] = {"told": telling.hand_on, "done": self._took}
        left = len(self._crew.workers)
        while left:
            kind, found = inbox.get()
            if kind == "failed":
                raise found[0]
            if kind == "ended":
                left -= 1
            else:
                heard[kind](*found)

    def _took(self, task: Task, found: Measured) -> None:
        self._found.append((task, found))
        if self._remembered is not None:
            self._remembered.keep_measured(self._of[task.number], task.method, task.indices, found)
