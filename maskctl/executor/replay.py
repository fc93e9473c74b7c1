"""Re-runs a network under changed masks, computing only what can differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from maskctl.executor.policy import Policy
from maskctl.executor.run import count_of
from maskctl.executor.spill import Keep, in_memory
from maskctl.executor.suffixes import Effort, LayerRun, Suffixes, Variant, under
from maskctl.executor.trace import Trace
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array, Arrays
from maskctl.targets.storage import Step


def unwatched(_index: int) -> None:
    """Nobody watches."""


class Replay:
    """One network, one set of inputs and all blobs of its run, to answer for other masks quickly.

    With `remember` off it keeps no blobs and every run is a whole one: slower, for inputs too many to keep. What becomes of
    the blobs of whole runs is `kept_as`.
    `executions` counts the layers computed so far.
    """

    def __init__(
        self,
        model: Model,
        inputs: Mapping[str, Array],
        policy: Policy,
        *,
        remember: bool = True,
        kept_as: Keep = in_memory,
        computed: Callable[[int], None] = unwatched,
    ) -> None:
        self._model, self._inputs, self._policy, self._remember = model, inputs, policy, remember
        self._base: Trace | None = None
        self._steps = policy.steps(model)
        self._given: Mapping[str, Array] = {}
        self._computed, self._kept_as = computed, kept_as
        self.executions = 0

    def give(self, blobs: Mapping[str, Array]) -> None:
        """Has every run take these blobs as they are; a layer all of whose tops are given is not computed.

        Where such a layer's mask is not honoured, NaN takes their place as everywhere.
        """
        self._given, self._base = blobs, None

    def run(self, masks: Mapping[int, int]) -> Trace:
        """All blobs under the policy with `masks` changed, bit for bit what a whole run gives.

        A layer is computed again only when its own step differs or one of its inputs does.
        """
        steps = replace(self._policy, masks={**(self._policy.masks or {}), **masks}).steps(self._model)
        if self._base is None and not self._remember:
            return self._whole(steps)
        if self._base is None:
            self._base = self._whole(self._steps)
        varied = next(self._suffixes(self._base).run([self._changed(steps)], ["*"]))
        return Trace({**self._base, **varied})

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
