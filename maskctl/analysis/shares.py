"""The samples of an analysis, run: one share of them, whose sums others add to theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from maskctl.analysis.alone import alone, merge, ways_of
from maskctl.analysis.finders import finders, found_blobs, measured
from maskctl.analysis.goal import Outcome
from maskctl.analysis.kinds import KINDS, Setting
from maskctl.analysis.metrics import Comparison, add_or_lose
from maskctl.analysis.plan import Masks
from maskctl.analysis.sensitivity import Portioned, Wishes, losses_of, measure
from maskctl.errors import ExecutionError
from maskctl.executor.policy import Policy
from maskctl.executor.replay import Replay
from maskctl.executor.run import count_of, run
from maskctl.executor.samples import Portion
from maskctl.executor.spill import Keep, in_memory, on_disk
from maskctl.executor.suffixes import Effort
from maskctl.executor.trace import Trace
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array

Told = Callable[[str, int, int], None]
"""Called for each layer that was run, with "lowered" or "alone", the number of its portion and the layer's index."""


Blobs: TypeAlias = tuple[Sequence[int], Mapping[str, Array]]
"""The numbers of samples, and their blobs (n, …) by name."""


@dataclass
class Measured:
    """Sums by the index of the layer, and what the variants took."""

    losses: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)


@dataclass(frozen=True)
class Keeping:
    """How blobs are kept: those of the lowered run between trials, and all of them on disk while they are."""

    remember: bool = True
    on_disk: bool = False

    @property
    def way(self) -> Keep:
        """What becomes of a blob."""
        return on_disk if self.on_disk else in_memory


class Share:
    """Some portions of the samples of an analysis, and the runs of the model over them.

    Sums of several shares add up to those of all samples, to the bit.
    """

    def __init__(
        self,
        model: Model,
        portions: Sequence[Portion],
        policy: Policy,
        wishes: Wishes,
        told: Told,
        keeping: Keeping,
    ) -> None:
        self._model, self._portions, self._policy, self._wishes, self._told = model, portions, policy, wishes, told
        self._finders, self._keeping = finders(model, policy.target), keeping
        self.outputs = outputs_of(model, policy, wishes)
        self._exact: list[Mapping[str, Array]] = []
        self._ran: dict[int, Trace] = {}
        self._given: list[Mapping[str, Array]] = []
        self._replays = [
            Replay(
                model,
                portion.inputs,
                policy,
                remember=keeping.remember,
                kept_as=keeping.way,
                computed=partial(told, "lowered", number),
            )
            for number, portion in enumerate(portions)
        ]

    def ranges(self) -> dict[str, float]:
        """The largest magnitude of each fp32 blob."""
        found: dict[str, float] = {}
        for number in range(len(self._portions)):
            exact = self._exact_run(number)
            if self._keeping.remember:
                self._ran[number] = exact
            for name, values in exact.items():
                if values.dtype == np.float32:
                    largest = float(np.fmax.reduce(np.abs(values), axis=None, initial=np.float32(0)))
                    found[name] = max(found.get(name, 0.0), largest)
        return found

    def measure(self, ranges: Mapping[str, float]) -> Measured:
        """The losses of all layers over the samples of this share."""
        result, losses = Measured(), losses_of(Setting(self._model, self._policy, 1))
        for number, (portion, replay) in enumerate(zip(self._portions, self._replays, strict=True)):
            exact = self._exact_run(number)
            _refuse_non_finite(self._model, self.outputs, exact)
            self._expect(number, exact)
            setting = Setting(self._model, self._policy, count_of(portion.inputs), ranges)
            portioned = Portioned(exact, replay.run({}), portion.members, self.outputs)
            done = partial(self._told, "alone", number)
            result.effort.merge(measure(setting, losses, portioned, replay, self._wishes, done))
        result.losses = {loss.op.layer.index: loss.sums() for loss in losses}
        return result

    def effects(self, ranges: Mapping[str, float]) -> Measured:
        """The effects alone of the wishes' kinds of loss on all layers, and nothing else: the network is not lowered."""
        result, losses = Measured(), losses_of(Setting(self._model, self._policy, 1))
        by_index = {loss.op.layer.index: loss for loss in losses}
        indices = by_index.keys() - {op.layer.index for op in self._finders}
        kinds = [KINDS[name] for name in KINDS if name in self._wishes.kinds]
        for number, portion in enumerate(self._portions):
            exact = self._exact_run(number)
            setting = Setting(self._model, self._policy, count_of(portion.inputs), ranges)
            ways = list(ways_of(setting, kinds, indices))
            runs = [(index, way) for index, _, way in ways]
            found = alone(setting, exact, runs, self.outputs, portion.members, result.effort)
            for (index, kind, _), sums in zip(ways, found, strict=True):
                merge(by_index[index].alone.setdefault(kind.name, {}), sums)
                self._told("alone", number, index)
        result.losses = {index: loss.sums() for index, loss in by_index.items()}
        return result

    def exact_outputs(self) -> list[Blobs]:
        """The fp32 outputs of each portion, with the numbers of its samples."""
        return [(portion.members, dict(exact)) for portion, exact in zip(self._portions, self._exact, strict=True)]

    def evaluate(self, masks: Masks, give: bool = False) -> tuple[Outcome, list[Blobs]]:  # noqa: FBT001,FBT002 - sent by position
        """The outcome of the lowered network under `masks`, over the samples of this share; its outputs, to `give`."""
        outputs = {name: Comparison() for name in self.outputs}
        sources: set[int] = set()
        blobs: list[Blobs] = []
        runs = zip(self._portions, self._exact, self._given, self._replays, strict=True)
        for portion, exact, given, replay in runs:
            trace = replay.run(masks)
            sources.update(_sources(self._model, trace))
            blobs += [(portion.members, {name: trace[name] for name in outputs})] if give else []
            for name, sums in outputs.items():
                add_or_lose(sums, reference=exact[name], actual=trace[name], members=portion.members)
            for op in self._finders:
                if any(trace[top] is not given[top] for top in op.layer.tops):
                    _lose(outputs, op)
        return Outcome(outputs, tuple(sorted(sources))), blobs

    def worst_first(self) -> list[tuple[tuple[int, float], int]]:
        """For each sample a key that sorts the worst before the best, by its worst output in the lowered run; and its number."""
        found = []
        for portion, exact, replay in zip(self._portions, self._exact, self._replays, strict=True):
            trace = replay.run({})
            for place, member in enumerate(portion.members):
                keys = []
                for name in self.outputs:
                    sums, row = Comparison(), slice(place, place + 1)
                    add_or_lose(sums, reference=exact[name][row], actual=trace[name][row])
                    keys.append((-sums.worst_lost, sums.worst_db))
                found.append((min(keys), member))
        return found

    def _exact_run(self, number: int) -> Trace:
        """All fp32 blobs of a portion; those that were kept are let go."""
        if number in self._ran:
            return self._ran.pop(number)
        portion = self._portions[number]
        wanted = [
            top for op in self._model.operators if not op.cut for top in op.layer.tops if op.layer.type != "Input"
        ]
        computed = run(
            self._model, portion.inputs, Policy("fp32", self._policy.target), keep=wanted, kept_as=self._keeping.way
        )
        return Trace({**portion.inputs, **computed})

    def _expect(self, number: int, exact: Trace) -> None:
        """Keeps what trials are compared with, replay after replay; what finders found is given to the replay."""
        self._given.append({name: exact[name] for name in found_blobs(self._finders)})
        self._replays[number].give(self._given[number])
        self._exact.append({name: exact[name] for name in self.outputs})


def outputs_of(model: Model, policy: Policy, wishes: Wishes) -> tuple[str, ...]:
    """The blobs that say how good the network is: those asked for, or its outputs and what finders read."""
    return measured(model, finders(model, policy.target)) if wishes.outputs is None else wishes.outputs


def merged(outcomes: Iterator[Outcome]) -> Outcome:
    """The outcome over the samples of several shares."""
    outputs: dict[str, Comparison] = {}
    sources: set[int] = set()
    for outcome in outcomes:
        merge(outputs, outcome.outputs)
        sources.update(outcome.sources)
    return Outcome(outputs, tuple(sorted(sources)))


def _refuse_non_finite(model: Model, names: Sequence[str], exact: Trace) -> None:
    """Raises `ExecutionError` for a network whose fp32 outputs are not finite: there is nothing to compare with."""
    lost = [name for name in names if not np.isfinite(exact[name]).all()]
    if lost:
        first = next(
            op.layer
            for op in model.operators
            if not op.cut and not all(np.isfinite(exact[top]).all() for top in op.layer.tops if top in exact)
        )
        kind = "output" if lost[0] in model.outputs else "blob"
        raise ExecutionError(
            f"{kind} '{lost[0]}' is not finite in fp32 already, and masks cannot help that. It begins in {first}. "
            "Check the input and the weights.",
            model.document.path,
        )


def _lose(outputs: Mapping[str, Comparison], finder: Operator) -> None:
    """Counts what a finder reads as lost: its mask is not honoured, and it reads something else."""
    for bottom in finder.layer.bottoms:
        if bottom in outputs:
            outputs[bottom].lost += 1


def _sources(model: Model, trace: Trace) -> set[int]:
    """Layers that make something non-finite of inputs that are all finite."""
    whole = {name: bool(np.isfinite(values).all()) for name, values in trace.items()}
    return {
        op.layer.index
        for op in model.operators
        if any(not whole.get(top, True) for top in op.layer.tops) and all(whole[name] for name in op.layer.bottoms)
    }
