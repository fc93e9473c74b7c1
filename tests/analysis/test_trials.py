"""Trials by several teams: what is tried ahead, what counts of it, and what fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import Any

import pytest

from maskctl.analysis import decide
from maskctl.analysis.goal import Outcome
from maskctl.analysis.sets import Masks
from maskctl.analysis.trials import Found, Team, Trials, teams_of
from maskctl.errors import ExecutionError
from maskctl.executor.policy import Policy
from maskctl.executor.samples import Portion
from maskctl.graph.model import Model, load
from tests.cli.driver import SAMPLES


class Worker:
    """A worker that notes the calls it gets; evaluating is what it is told."""

    def __init__(self, evaluate: Callable[[Masks], Found]) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._evaluate = evaluate
        self._asked: Masks | None = None

    def ask(self, method: str, *arguments: Any) -> None:
        """Notes it."""
        self.calls.append((method, *arguments))
        self._asked = arguments[0] if method == "evaluate" else None

    def answer(self) -> Any:
        """What masks come to."""
        return None if self._asked is None else self._evaluate(self._asked)[0]

    def close(self) -> None:
        """Nothing."""


def outcome(masks: Masks) -> Found:
    """Something that depends on the masks."""
    return [(Outcome({}, tuple(masks)), [])]


def evaluated(worker: Worker) -> list[Masks]:
    """The masks that a worker was asked for."""
    return [call[1] for call in worker.calls if call[0] == "evaluate"]


def test_ahead_is_tried_by_those_without_work() -> None:
    """While one team runs what is asked for, the other begins with what comes next, which then is not run again."""
    begun, asked_for = Event(), Event()

    def slowly(masks: Masks) -> Found:
        assert asked_for.wait(10)
        return outcome(masks)

    def next_one(masks: Masks) -> Found:
        begun.set()
        return outcome(masks)

    slow, quick = Worker(slowly), Worker(next_one)
    trials = Trials([Team([slow]), Team([quick])], give=False)
    trials.ahead([{1: 1}, {2: 1}])
    assert begun.wait(10)
    asked_for.set()
    assert (outcome({1: 1}), outcome({2: 1})) == (trials.find({1: 1}), trials.find({2: 1}))
    assert ([{1: 1}], [{2: 1}]) == (evaluated(slow), evaluated(quick))
    trials.close()


def made_up() -> Iterator[Masks]:
    """Raises where the first is asked for."""
    raise AssertionError("nobody needs this")
    yield {}


def test_one_team_looks_at_nothing_ahead() -> None:
    """With a single team nothing is tried that is not asked for, nor even made up."""
    worker = Worker(outcome)
    trials = Trials([Team([worker])], give=False)
    trials.ahead(made_up())
    assert outcome({3: 1}) == trials.find({3: 1})
    assert [{3: 1}] == evaluated(worker)


def test_what_nobody_asked_for_may_fail() -> None:
    """A trial ahead that fails counts for nothing until it is asked for; then it is raised, as where all teams have failed."""
    begun = Event()

    def failing(masks: Masks) -> Found:
        if 2 in masks:
            begun.set()
            raise ExecutionError("layer 2 cannot")
        return outcome(masks)

    workers = [Worker(failing) for _ in range(2)]
    trials = Trials([Team([worker]) for worker in workers], give=False)
    trials.ahead([{2: 1}])
    for place in range(3, 9):
        assert outcome({place: 1}) == trials.find({place: 1})
    assert begun.wait(10)
    assert 1 == sum({2: 1} in evaluated(worker) for worker in workers)
    for _ in range(2):
        with pytest.raises(ExecutionError, match="layer 2 cannot"):
            trials.find({2: 1})
    with pytest.raises(ExecutionError, match="layer 2 cannot"):
        trials.find({5: 2})
    trials.close()


def test_a_team_that_fails_ahead_costs_itself_alone() -> None:
    """What a team without work has died of is not tried ahead again, and asked for it is left to a team that is well."""

    def dying(masks: Masks) -> Found:
        raise ExecutionError(f"killed at {masks}")

    well, ill = Worker(outcome), Worker(dying)
    trials = Trials([Team([well]), Team([ill])], give=False)
    for place in range(3, 9):
        trials.ahead([{2: 1}])
        assert outcome({place: 1}) == trials.find({place: 1})
    assert [{2: 1}] == evaluated(ill) or {2: 1} in evaluated(well)
    assert outcome({2: 1}) == trials.find({2: 1})
    trials.close()


class Heard:
    """Runs that are never asked for, and hear what comes next."""

    outputs: tuple[str, ...] = ("out",)

    def __init__(self) -> None:
        self.heard: list[Masks] = []

    def evaluate(self, masks: Masks) -> Outcome:
        """Not asked for."""
        raise AssertionError(masks)

    def ahead(self, masks: Iterable[Masks]) -> None:
        """Writes them down."""
        self.heard = [*masks]


def test_little_is_looked_at_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long list only the first are looked at, and each only once, however often it is on one."""
    asked: list[Masks] = []

    def unsafe(_model: Model, _policy: Policy, masks: Masks) -> tuple[int, ...]:
        asked.append(masks)
        return tuple(index for index in masks if index % 2)

    monkeypatch.setattr(decide, "_unsafe", unsafe)
    heard = Heard()
    tried = decide.Tried(load(SAMPLES / "digits.param"), Policy("fp16"), heard, None)
    for _ in range(3):
        tried.ahead({index: 1} for index in range(1000))
    assert [{index: 1} for index in range(24)] == asked
    assert [{index: 1} for index in range(0, 24, 2)] == heard.heard


@pytest.mark.parametrize(("give", "kept"), [(False, 6), (True, 2)])
def test_what_nobody_asked_for_is_bounded(give: bool, kept: int) -> None:  # noqa: FBT001 - a table
    """Outputs of trials that nobody asked for are not piled up."""
    workers = [Worker(outcome) for _ in range(2)]
    trials = Trials([Team([worker]) for worker in workers], give=give)
    ahead: list[Masks] = [{place: 1} for place in range(6)]
    trials.ahead(ahead)
    trials.find({100: 1})
    while sum(len(evaluated(worker)) for worker in workers) < 7:
        trials.find({100 + sum(len(worker.calls) for worker in workers): 1})
    trials.close()
    assert kept >= len(trials._found)


def test_teams() -> None:
    """Workers that own nothing form teams as large as the owners', each with copies of the portions; what is over has no team."""
    portions = [Portion({}, 1, (number,)) for number in range(2)]
    workers = [Worker(outcome) for _ in range(7)]
    own = [(0,), (1,), (), (), (), (), ()]
    teams = teams_of(workers, own, portions, 9)
    assert 3 == len(teams)
    assert 2 == len(teams_of(workers, own, portions, 2))
    for team in teams:
        team.trial({1: 1}, give=True)
        team.trial({}, give=False)
    calls = [("evaluate", {1: 1}, True), ("evaluate", {}, False)]
    brought = [[], [], *[[("help_with", number, portions[number])] for number in (0, 1, 0, 1)], []]
    assert [[*first, *(calls if place < 6 else [])] for place, first in enumerate(brought)] == [
        one.calls for one in workers
    ]
