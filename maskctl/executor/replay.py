"""Re-runs a network under changed masks, computing only what can differ from every run before."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from maskctl.executor.known import Known, Made
from maskctl.executor.policy import Policy
from maskctl.executor.run import count_of
from maskctl.executor.spill import Keep, in_memory
from maskctl.executor.suffixes import Effort, LayerRun, Suffixes, Variant, under
from maskctl.executor.trace import Trace
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array, Arrays
from maskctl.targets.storage import Step

_ROOM = 1 << 28
"""Bytes of blobs of trials that are kept unless something else is said."""


def unwatched(_index: int) -> None:
    """Nobody watches."""


class Replay:
    """One network, one set of inputs and all blobs of a first run, to answer for other masks quickly.

    Blobs of further runs are kept too, in `room` bytes: a layer is computed once for each way in which it runs on each of its
    inputs. With `remember` off no blobs are kept and every run is a whole one: slower, for inputs too many to keep. What
    becomes of the blobs of whole runs is `kept_as`. `executions` counts the layers computed so far.
    """

    def __init__(
        self,
        model: Model,
        inputs: Mapping[str, Array],
        policy: Policy,
        *,
        remember: bool = True,
        room: int = _ROOM,
        kept_as: Keep = in_memory,
        computed: Callable[[int], None] = unwatched,
    ) -> None:
        self._model, self._inputs, self._policy, self._remember = model, inputs, policy, remember
        self._room, self._known = room, Known(room)
        self._fed: Mapping[str, int] | None = None
        self._steps = policy.steps(model)
        self._given: Mapping[str, Array] = {}
        self._computed, self._kept_as = computed, kept_as
        self.executions = 0

    def give(self, blobs: Mapping[str, Array]) -> None:
        """Has every run take these blobs as they are; a layer all of whose tops are given is not computed.

        Where such a layer's mask is not honoured, NaN takes their place as everywhere.
        """
        self._given, self._known, self._fed = blobs, Known(self._room), None

    def run(self, masks: Mapping[int, int]) -> Trace:
        """All blobs under the policy with `masks` changed, bit for bit what a whole run gives.

        A layer is computed again only when its own step differs from those it has run under, or one of its inputs does.
        """
        return self.look(masks, None)[0]

    def look(self, masks: Mapping[int, int], wanted: Collection[str] | None) -> tuple[Trace, Mapping[str, bool]]:
        """The `wanted` blobs (None: all) of what `run` gives, and of every blob whether all its elements are finite."""
        steps = self.steps(masks)
        if not self._remember:
            whole = self._whole(steps)
            chosen = whole if wanted is None else Trace({name: whole[name] for name in whole if name in wanted})
            return chosen, {name: bool(np.isfinite(values).all()) for name, values in whole.items()}
        at_hand: dict[int, Array] = {}
        is_first = self._fed is None
        if self._fed is None:
            self._fed = {name: self._known.given(values) for name, values in self._inputs.items()}
        numbers = self._numbers(steps, self._fed, at_hand, stay=is_first)
        names = [name for name in numbers if wanted is None or name in wanted]
        finite = {name: self._known.is_finite(number) for name, number in numbers.items()}
        return Trace({name: self._blob(numbers[name], at_hand) for name in names}), finite

    def steps(self, masks: Mapping[int, int]) -> tuple[Step, ...]:
        """How every layer runs under the policy with `masks` changed."""
        return replace(self._policy, masks={**(self._policy.masks or {}), **masks}).steps(self._model)

    def leave_one_out(
        self, lowered: Trace, indices: Sequence[int], wanted: Collection[str], effort: Effort
    ) -> Iterator[Mapping[str, Array]]:
        """For each of these layers, the `wanted` blobs that differ from those of the `lowered` run when it is left out.

        The layer then runs in fp32 on what arrives, widened, and what it gives is cast on its way into the next layer.
        `lowered` is what `run` gives without masks. What it took is added to `effort`.
        """
        found = self._suffixes(lowered)
        yield from found.run([self._changed(self._policy.steps(self._model, index)) for index in indices], wanted)
        effort.merge(found.effort)

    def _numbers(
        self, steps: Sequence[Step], fed: Mapping[str, int], at_hand: dict[int, Array], *, stay: bool
    ) -> dict[str, int]:
        """The number of every blob under the steps; what is not known is computed, with all blobs of this run `at_hand`."""
        numbers = dict(fed)
        for op, step in zip(self._model.operators, steps, strict=True):
            if op.cut or op.layer.type == "Input":
                continue
            made = Made(op.layer.index, step, tuple(numbers[bottom] for bottom in op.layer.bottoms))
            tops = self._known.tops(made)
            if tops is None:
                for number in made.read:
                    self._blob(number, at_hand)
                tops = self._make(made, at_hand, stay=stay)
            numbers.update(zip(op.layer.tops, tops, strict=True))
        return numbers

    def _blob(self, number: int, at_hand: dict[int, Array]) -> Array:
        """A blob, made again where it is not kept; so are those it was made of."""
        wanted = [number]
        while wanted:
            found = at_hand.get(wanted[-1], self._known.find(wanted[-1]))
            if found is not None:
                at_hand[wanted.pop()] = found
                continue
            made = self._known.made(wanted[-1])
            missing = [read for read in made.read if read not in at_hand]
            wanted += missing
            if not missing:
                self._make(made, at_hand)
        return at_hand[number]

    def _make(self, made: Made, at_hand: dict[int, Array], *, stay: bool = False) -> tuple[int, ...]:
        """Runs a layer on blobs that are at hand."""
        read = tuple(at_hand[number] for number in made.read)
        start = time.perf_counter()
        tops = self._way(self._model.operators[made.index], made.step)(read)
        seconds = time.perf_counter() - start
        numbers = self._known.take(made, read, tops, seconds, stay=stay)
        at_hand.update(zip(numbers, tops, strict=True))
        return numbers

    def _changed(self, steps: Sequence[Step]) -> Variant:
        return {
            op.layer.index: self._way(op, step)
            for op, step, before in zip(self._model.operators, steps, self._steps, strict=True)
            if step != before and not op.cut and op.layer.type != "Input"
        }

    def _suffixes(self, base: Trace) -> Suffixes:
        runs = [self._way(op, step) for op, step in zip(self._model.operators, self._steps, strict=True)]
        fixed = [op.layer.index for op in self._model.operators if self._is_given(op)]
        return Suffixes(self._model, base, runs, fixed)

    def _whole(self, steps: Sequence[Step]) -> Trace:
        blobs: dict[str, Array] = dict(self._inputs)
        for op, step in zip(self._model.operators, steps, strict=True):
            if not op.cut and op.layer.type != "Input":
                tops = self._way(op, step)(tuple(blobs[bottom] for bottom in op.layer.bottoms))
                blobs.update(zip(op.layer.tops, map(self._kept_as, tops), strict=True))
        return Trace(blobs)

    def _is_given(self, op: Operator) -> bool:
        return bool(op.layer.tops) and all(top in self._given for top in op.layer.tops)

    def _way(self, op: Operator, step: Step) -> LayerRun:
        """How a layer runs under a step; a finder gives what it is given, whatever it reads."""
        if self._is_given(op):
            given = tuple(self._given[top] for top in op.layer.tops)
            return lambda _: (
                tuple(np.full(values.shape, np.nan, np.float32) for values in given) if step.hazard else given
            )
        run = under(self._model, op.layer.index, step, self._policy.target, count_of(self._inputs))

        def counted(inputs: Arrays) -> Arrays:
            found = run(inputs)
            self.executions += 1
            self._computed(op.layer.index)
            return found

        return counted
