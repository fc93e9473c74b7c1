"""What each layer loses: lowered alone with exact inputs, and in the network as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from maskctl import featmask
from maskctl.analysis.finders import finders
from maskctl.analysis.metrics import Comparison, add_or_lose
from maskctl.analysis.overflow import Overflow, find_overflow, find_winograd_overflow
from maskctl.analysis.work import Work
from maskctl.executor.layer import run_layer
from maskctl.executor.policy import Policy
from maskctl.executor.replay import Replay
from maskctl.executor.trace import Trace
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.layers.base import Arrays, Weights
from maskctl.numeric.formats import FloatArray
from maskctl.targets.storage import Step, changes_with_bit_1, kernel_of


@dataclass
class LayerLoss:
    """One layer's losses, pooled over samples.

    - `layerwise`: only this layer lowered, fed with exact inputs;
    - `layerwise_storage`: the same with fp32 sums, so that the difference is what low-precision sums lose, where the
      layer's fp16 sums are reproduced and bit 1 makes them fp32;
    - `layerwise_no_winograd`: the same with plain sums, where the layer runs winograd;
    - `graphwise`: everything lowered, read at this layer's first blob.

    `overflow` is the evidence when the layerwise run has lost elements.
    """

    op: Operator
    step: Step
    layerwise: Comparison = field(default_factory=Comparison)
    layerwise_storage: Comparison = field(default_factory=Comparison)
    layerwise_no_winograd: Comparison = field(default_factory=Comparison)
    graphwise: Comparison = field(default_factory=Comparison)
    overflow: Overflow | None = None


def measure(
    model: Model,
    replays: Sequence[Replay],
    exact_runs: Iterable[Trace],
    members: Iterable[Sequence[int]],
    policy: Policy,
    work: Work,
) -> tuple[LayerLoss, ...]:
    """The losses of every layer in file order, but for Input layers and finders whose masks are honoured.

    `exact_runs` gives all fp32 blobs for the inputs of each replay, one after another, and `members` the numbers of
    the samples in each.
    """
    losses = tuple(LayerLoss(op, step) for op, step in zip(model.operators, policy.steps(model), strict=True))
    skipped = {op.layer.index for op in finders(model, policy.target)}
    measured = [loss for loss in losses if _is_measured(loss, skipped)]
    for number, (replay, exact, chosen) in enumerate(zip(replays, exact_runs, members, strict=True)):
        lowered = replay.run({})
        for loss in measured:
            top, index = loss.op.layer.tops[0], loss.op.layer.index
            add_or_lose(loss.graphwise, reference=exact[top], actual=lowered[top])
            if index in skipped:
                add_or_lose(loss.layerwise, reference=exact[top], actual=lowered[top])
            else:
                _layerwise(model, loss, exact, chosen, policy)
            work.alone(number, index)
    work.finish()
    return tuple(measured)


def _is_measured(loss: LayerLoss, skipped: Collection[int]) -> bool:
    layer = loss.op.layer
    if loss.op.cut or layer.type == "Input" or not layer.tops:
        return False
    return layer.index not in skipped or loss.step.hazard is not None


def _layerwise(model: Model, loss: LayerLoss, exact: Trace, members: Sequence[int], policy: Policy) -> None:
    op, step = loss.op, loss.step
    alone = replace(step, arrives=("fp32",) * len(op.layer.bottoms))  # exact inputs are cast on their way in
    weights = model.weights.tensors[op.layer.index]
    inputs = tuple(exact[bottom] for bottom in op.layer.bottoms)
    reference = exact[op.layer.tops[0]]
    actual = run_layer(op, weights, inputs, alone, policy.target, len(reference))[0]
    add_or_lose(loss.layerwise, reference=reference, actual=actual)
    if reference.shape != actual.shape:
        return
    if changes_with_bit_1(op.layer, step, policy.target):
        stored_only = replace(alone, options=step.options - {"use_fp16_arithmetic"})
        loss.layerwise_storage.add(
            reference=reference, actual=run_layer(op, weights, inputs, stored_only, policy.target)[0]
        )
    lost = ~np.isfinite(actual) & np.isfinite(reference)
    plain = _without_winograd(loss, alone, weights, inputs, policy)
    if plain is not None:
        loss.layerwise_no_winograd.add(reference=reference, actual=plain)
    if lost.any() and not step.hazard:
        found: Overflow | None = None if plain is None else find_winograd_overflow(plain, lost)
        found = found or find_overflow(op, weights, inputs, step, policy.target, reference, lost)
        shown = found and replace(found, sample=members[found.sample])
        loss.overflow = max(filter(None, (loss.overflow, shown)), key=lambda overflow: overflow.order, default=None)


def _without_winograd(
    loss: LayerLoss, step: Step, weights: Weights, inputs: Arrays, policy: Policy
) -> FloatArray | None:
    """The layer's first top with plain sums, or None where it does not run winograd."""
    choice = kernel_of(loss.op.layer, step, policy.target)
    if choice is None or not choice.is_winograd:
        return None
    plain = replace(step, options=step.options - featmask.cleared_options(featmask.NO_WINOGRAD))
    return run_layer(loss.op, weights, inputs, plain, policy.target)[0]
