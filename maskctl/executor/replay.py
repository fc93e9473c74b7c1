"""Re-runs a network under changed masks, computing only what can differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from maskctl.executor.layer import run_layer
from maskctl.executor.policy import Policy
from maskctl.executor.run import count_of, run
from maskctl.executor.trace import Trace
from maskctl.graph.model import Model
from maskctl.layers.base import Arrays
from maskctl.numeric.formats import FloatArray


class Replay:
    """One network, one set of inputs and all blobs of its run, to answer for other masks quickly.

    With `remember` off it keeps no blobs and every run is a whole one: slower, for inputs too many to keep.
    `executions` counts the layers computed so far.
    """

    def __init__(
        self, model: Model, inputs: Mapping[str, FloatArray], policy: Policy, *, remember: bool = True
    ) -> None:
        self._model, self._inputs, self._policy, self._remember = model, inputs, policy, remember
        self._base: Trace | None = None
        self._steps = policy.steps(model)
        self.executions = 0

    def run(self, masks: Mapping[int, int]) -> Trace:
        """All blobs under the policy with `masks` changed, bit for bit what a whole run gives.

        A layer is computed again only when its own step differs or one of its inputs does.
        """
        policy = replace(self._policy, masks={**(self._policy.masks or {}), **masks})
        if self._base is None:
            return self._whole_run(policy, is_base=not masks)
        blobs: dict[str, FloatArray] = dict(self._base.blobs)
        changed: set[str] = set()
        steps = policy.steps(self._model)
        for op, weights, step, before in zip(
            self._model.operators, self._model.weights.tensors, steps, self._steps, strict=True
        ):
            if op.cut or op.layer.type == "Input" or (step == before and not changed.intersection(op.layer.bottoms)):
                continue
            inputs: Arrays = tuple(blobs[bottom] for bottom in op.layer.bottoms)
            tops = run_layer(op, weights, inputs, step, policy.target, count_of(self._inputs))
            self.executions += 1
            for top, values in zip(op.layer.tops, tops, strict=True):
                if not _same_bits(values, blobs[top]):
                    blobs[top] = values
                    changed.add(top)
        return Trace(blobs)

    def _whole_run(self, policy: Policy, *, is_base: bool) -> Trace:
        trace = run(self._model, self._inputs, policy, keep=["*"])
        self.executions += len(self._model.operators)
        if is_base and self._remember:
            self._base = trace
        return trace


def _same_bits(left: FloatArray, right: FloatArray) -> bool:
    return np.array_equal(np.ascontiguousarray(left).view(np.uint32), np.ascontiguousarray(right).view(np.uint32))
