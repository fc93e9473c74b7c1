"""The samples of an analysis, run: one share of them, whose sums others add to theirs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from maskctl.analysis.alone import merge
from maskctl.analysis.distributions import Profile, Values, limits_of, look
from maskctl.analysis.finders import finders, found_blobs, measured
from maskctl.analysis.goal import Outcome
from maskctl.analysis.kinds import Setting
from maskctl.analysis.metrics import Comparison, add_or_lose
from maskctl.analysis.sensitivity import (
    LayerLoss,
    Portioned,
    Wishes,
    leave_out,
    losses_of,
    measure,
    measure_effects,
    read_lowered,
)
from maskctl.analysis.sets import Masks
from maskctl.analysis.tasks import Measured
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
"""Called for each layer that was run, with what `Work.told` knows, the number of its portion and the layer's index."""


Blobs: TypeAlias = tuple[Sequence[int], Mapping[str, Array]]
"""The numbers of samples, and their blobs (n, …) by name."""


@dataclass(frozen=True)
class Keeping:
    """How blobs are kept: those of the lowered run between trials, and all of them on disk while they are.

    Those of trials are kept in so many bytes for each element of the lowered run's.
    """

    remember: bool = True
    room_by_element: float = 0.0
    on_disk: bool = False

    @property
    def way(self) -> Keep:
        """What becomes of a blob."""
        return on_disk if self.on_disk else in_memory


@dataclass
class _Part:
    """A portion of the samples with its replay, and once it has run, its fp32 outputs."""

    number: int
    portion: Portion
    replay: Replay
    exact: Mapping[str, Array] | None = None


@dataclass
class _AtHand:
    """All blobs of the part that is being measured: in fp32, and of the lowered network where these were wanted."""

    part: _Part
    exact: Trace
    lowered: Trace | None = None


class Share:
    """Some portions of the samples of an analysis, by number, and the runs of the model over them.

    Sums of several shares add up to those of all samples, to the bit. A share may help with a portion of another one.
    """

    def __init__(
        self,
        model: Model,
        portions: Mapping[int, Portion],
        policy: Policy,
        wishes: Wishes,
        told: Told,
        keeping: Keeping,
    ) -> None:
        self._model, self._policy, self._wishes, self._told = model, policy, wishes, told
        self._finders, self._keeping = finders(model, policy.target), keeping
        self.outputs = outputs_of(model, policy, wishes)
        self._ran: dict[int, Trace] = {}
        self._own = {number: self._part_of(number, portion) for number, portion in portions.items()}
        self._guest: dict[int, _Part] = {}
        self._at_hand: _AtHand | None = None

    def help_with(self, number: int, portion: Portion) -> None:
        """Takes in a portion of another share; the one taken in before is let go, unless it is this one."""
        if number not in self._guest:
            self._guest = {number: self._part_of(number, portion)}

    def ranges(self) -> dict[str, float]:
        """The largest magnitude of each fp32 blob."""
        found: dict[str, float] = {}
        for number, part in self._own.items():
            exact = self._exact_run(part)
            if self._keeping.remember:
                self._ran[number] = exact
            for name, values in exact.items():
                if values.dtype == np.float32:
                    largest = float(np.fmax.reduce(np.abs(values), axis=None, initial=np.float32(0)))
                    found[name] = max(found.get(name, 0.0), largest)
        return found

    def lowered(self, number: int, indices: Sequence[int], _ranges: Mapping[str, float]) -> Measured:
        """What these layers' blobs lose in the lowered network, over the samples of a portion."""
        losses, lowered = self._losses(indices), self._lowered(number)
        read_lowered(losses, self._portioned(number), lowered)
        return _sums(losses, Effort())

    def layers(self, number: int, indices: Sequence[int], ranges: Mapping[str, float]) -> Measured:
        """What these layers lose by themselves and, where that is the scope, alone in an fp32 network."""
        return self._measured(measure, number, indices, ranges)

    def effects(self, number: int, indices: Sequence[int], ranges: Mapping[str, float]) -> Measured:
        """The effects of these layers alone, and nothing else: the network is not lowered."""
        return self._measured(measure_effects, number, indices, ranges)

    def left_out(self, number: int, indices: Sequence[int], _ranges: Mapping[str, float]) -> Measured:
        """What is lost at the outputs with all layers lowered but each of these."""
        losses, lowered = self._losses(indices), self._lowered(number)
        replay, told = self._part(number).replay, partial(self._tell, number)
        return _sums(losses, leave_out(losses, self._portioned(number), replay, lowered, told))

    def exact_outputs(self) -> list[Blobs]:
        """The fp32 outputs of each portion, with the numbers of its samples."""
        return [(part.portion.members, dict(self._expected(part))) for part in self._own.values()]

    def evaluate(self, masks: Masks, give: bool = False) -> tuple[Outcome, list[Blobs]]:  # noqa: FBT001,FBT002 - sent by position
        """The outcome of the lowered network under `masks`, over the samples of this share, and its outputs, to `give`.

        A share without samples of its own does it for those that it helps with.
        """
        outputs = {name: Comparison() for name in self.outputs}
        sources: set[int] = set()
        blobs: list[Blobs] = []
        for part in (self._own or self._guest).values():
            exact = self._expected(part)
            trace, finite = part.replay.look(masks, outputs)
            sources.update(_sources(self._model, finite))
            blobs += [(part.portion.members, {name: trace[name] for name in outputs})] if give else []
            for name, sums in outputs.items():
                add_or_lose(sums, reference=exact[name], actual=trace[name], members=part.portion.members)
            steps = part.replay.steps(masks)
            for op in self._finders:
                if steps[op.layer.index].hazard:
                    _lose(outputs, op)
        return Outcome(outputs, tuple(sorted(sources))), blobs

    def profiles(self, masks: Masks, indices: Collection[int] | None) -> dict[int, Profile]:
        """What the first blobs of layers, or of those in `indices`, hold, and their errors before and after `masks`."""
        kept = {op.layer.index: op.layer.tops[0] for op in self._model.operators if not op.cut and op.layer.tops}
        if indices is not None:
            kept = {index: top for index, top in kept.items() if index in indices}
        uncompared = {op.layer.index for op in self._model.operators if op.layer.type == "Input" or op in self._finders}
        limits = limits_of(self._policy.precision)
        found = {index: Profile(Values(limits), compared=index not in uncompared) for index in kept}
        for number, part in self._own.items():
            before, exact = self._lowered(number), self._blobs(number).exact
            after = part.replay.run(masks) if masks else before
            look(found, kept, exact, before, after, part.portion.members)
        return found

    def worst_first(self) -> list[tuple[tuple[int, float], int]]:
        """For each sample a key that sorts the worst before the best, by its worst output in the lowered run; and its number."""
        found = []
        for part in self._own.values():
            exact, trace = self._expected(part), part.replay.run({})
            for place, member in enumerate(part.portion.members):
                keys = []
                for name in self.outputs:
                    sums, row = Comparison(), slice(place, place + 1)
                    add_or_lose(sums, reference=exact[name][row], actual=trace[name][row])
                    keys.append((-sums.worst_lost, sums.worst_db))
                found.append((min(keys), member))
        return found

    def _measured(
        self, how: Callable[..., Effort], number: int, indices: Sequence[int], ranges: Mapping[str, float]
    ) -> Measured:
        portion, losses = self._portioned(number), self._losses(indices)
        setting = Setting(self._model, self._policy, count_of(self._part(number).portion.inputs), ranges)
        return _sums(losses, how(setting, losses, portion, self._wishes, partial(self._tell, number)))

    def _losses(self, indices: Sequence[int]) -> tuple[LayerLoss, ...]:
        wanted = set(indices)
        losses = losses_of(Setting(self._model, self._policy, 1))
        return tuple(loss for loss in losses if loss.op.layer.index in wanted)

    def _tell(self, number: int, what: str, index: int) -> None:
        self._told(what, number, index)

    def _part_of(self, number: int, portion: Portion) -> _Part:
        replay = Replay(
            self._model,
            portion.inputs,
            self._policy,
            remember=self._keeping.remember,
            room=int(self._keeping.room_by_element * portion.elements),
            kept_as=self._keeping.way,
            computed=partial(self._tell, number, "lowered"),
        )
        return _Part(number, portion, replay)

    def _part(self, number: int) -> _Part:
        return self._own[number] if number in self._own else self._guest[number]

    def _blobs(self, number: int) -> _AtHand:
        """The blobs of a part; those of the one before are let go."""
        part = self._part(number)
        if self._at_hand is None or self._at_hand.part is not part:
            self._at_hand = None
            self._at_hand = _AtHand(part, self._exact_run(part))
            self._expect(part, self._at_hand.exact)
        return self._at_hand

    def _portioned(self, number: int) -> Portioned:
        return Portioned(self._blobs(number).exact, self._part(number).portion.members, self.outputs)

    def _lowered(self, number: int) -> Trace:
        blobs = self._blobs(number)
        if blobs.lowered is None:
            blobs.lowered = blobs.part.replay.run({})
        return blobs.lowered

    def _expected(self, part: _Part) -> Mapping[str, Array]:
        """The fp32 outputs that trials of a part are compared with. What was at hand for measuring is let go."""
        if part.exact is None:
            self._blobs(part.number)
        self._at_hand = None
        if part.exact is None:
            raise AssertionError("a part that has run has outputs")
        return part.exact

    def _exact_run(self, part: _Part) -> Trace:
        """All fp32 blobs of a portion; those that were kept are let go."""
        if part.number in self._ran:
            return self._ran.pop(part.number)
        inputs = part.portion.inputs
        wanted = [
            top for op in self._model.operators if not op.cut for top in op.layer.tops if op.layer.type != "Input"
        ]
        computed = run(self._model, inputs, Policy("fp32", self._policy.target), keep=wanted, kept_as=self._keeping.way)
        return Trace({**inputs, **computed})

    def _expect(self, part: _Part, exact: Trace) -> None:
        """Keeps what trials are compared with, replay after replay; what finders found is given to the replay."""
        if part.exact is None:
            _refuse_non_finite(self._model, self.outputs, exact)
            part.replay.give({name: exact[name] for name in found_blobs(self._finders)})
            part.exact = {name: exact[name] for name in self.outputs}


def _sums(losses: Sequence[LayerLoss], effort: Effort) -> Measured:
    return Measured({loss.op.layer.index: loss.sums() for loss in losses}, effort)


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


def _sources(model: Model, finite: Mapping[str, bool]) -> set[int]:
    """Layers that make something non-finite of inputs that are all finite."""
    return {
        op.layer.index
        for op in model.operators
        if any(not finite.get(top, True) for top in op.layer.tops) and all(finite[name] for name in op.layer.bottoms)
    }
