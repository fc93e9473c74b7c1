"""Re-runs a network under changed masks, computing only what can differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from maskctl.executor.layer import run_layer
from maskctl.executor.policy import Policy
from maskctl.executor.run import count_of
from maskctl.executor.trace import Trace
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array, Arrays
from maskctl.targets.storage import Step


def unwatched(_index: int) -> None:
    """Nobody watches."""


class Replay:
    """One network, one set of inputs and all blobs of its run, to answer for other masks quickly.

    With `remember` off it keeps no blobs and every run is a whole one: slower, for inputs too many to keep.
    `executions` counts the layers computed so far.
    """

    def __init__(
        self,
        model: Model,
        inputs: Mapping[str, Array],
        policy: Policy,
        *,
        remember: bool = True,
        computed: Callable[[int], None] = unwatched,
    ) -> None:
        self._model, self._inputs, self._policy, self._remember = model, inputs, policy, remember
        self._base: Trace | None = None
        self._steps = policy.steps(model)
        self._given: Mapping[str, Array] = {}
        self._computed = computed
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
        whole = self._base is None
        blobs: dict[str, Array] = dict(self._base or self._inputs)
        changed: set[str] = set()
        for op, step, before in zip(self._model.operators, steps, self._steps, strict=True):
            if (
                op.cut
                or op.layer.type == "Input"
                or not (whole or step != before or changed.intersection(op.layer.bottoms))
            ):
                continue
            for top, values in zip(op.layer.tops, self._tops(op, step, blobs), strict=True):
                if whole or not _same_bits(values, blobs[top]):
                    blobs[top] = values
                    changed.add(top)
        trace = Trace(blobs)
        if whole and not masks and self._remember:
            self._base = trace
        return trace

    def _tops(self, op: Operator, step: Step, blobs: Mapping[str, Array]) -> Arrays:
        """The layer's tops, of inputs in `blobs`."""
        tops = op.layer.tops
        if tops and all(top in self._given for top in tops):
            given = tuple(self._given[top] for top in tops)
            return tuple(np.full(values.shape, np.nan, np.float32) for values in given) if step.hazard else given
        inputs = tuple(blobs[bottom] for bottom in op.layer.bottoms)
        weights = self._model.weights.tensors[op.layer.index]
        found = run_layer(op, weights, inputs, step, self._policy.target, count_of(self._inputs))
        self.executions += 1
        self._computed(op.layer.index)
        return found


def _same_bits(left: Array, right: Array) -> bool:
    if (left.dtype, left.shape) != (right.dtype, right.shape):
        return False
    bits = f"u{left.dtype.itemsize}"
    return np.array_equal(np.ascontiguousarray(left).view(bits), np.ascontiguousarray(right).view(bits))
