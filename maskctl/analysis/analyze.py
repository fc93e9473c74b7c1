"""The main job: what a low precision costs a model, layer by layer, and the masks that bring it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maskctl.analysis.causes import ranked, reason
from maskctl.analysis.metrics import Comparison
from maskctl.analysis.plan import DEFAULT_GOAL, Goal, MaskPlan, Masks, Outcome, Planner
from maskctl.analysis.sensitivity import LayerLoss, Progress, measure
from maskctl.errors import ExecutionError
from maskctl.executor.policy import Policy
from maskctl.executor.replay import Replay
from maskctl.executor.run import run
from maskctl.executor.samples import Portion, Samples, batches
from maskctl.executor.trace import Trace
from maskctl.graph.model import Model
from maskctl.graph.network import Layer
from maskctl.numeric.formats import FloatArray
from maskctl.targets import DEFAULT, PRECISIONS, Target
from maskctl.targets.storage import gentlest_mask, hazards, kernel_of

_REMEMBERED_ELEMENTS = 1 << 28
"""Blobs of all samples together that are kept between trials: 1 GiB."""


@dataclass(frozen=True)
class LayerReport:
    """One row of an analysis: a layer, its losses, its mask now and proposed, and why."""

    layer: Layer
    loss: LayerLoss
    mask: int
    proposed: int
    reason: str


@dataclass(frozen=True)
class Analysis:
    """What was measured and what is proposed; `rows` come worst first.

    `instead_of` names, by layer index, a kernel of the engine that is computed here by another algorithm.
    """

    model: Model
    precision: str
    target: Target
    goal: Goal
    samples: Samples
    rows: tuple[LayerReport, ...]
    plan: MaskPlan
    instead_of: Mapping[int, str]

    @property
    def masks(self) -> Masks:
        """The proposed masks by layer index; empty when nothing is proposed."""
        return self.plan.masks


def silent(_what: str, _done: int, _total: int) -> None:
    """Shows no progress."""


def analyze(
    model: Model,
    samples: Samples,
    precision: str = "fp16",
    *,
    target: Target = DEFAULT,
    goal: Goal = DEFAULT_GOAL,
    progress: Progress = silent,
) -> Analysis:
    """Measures every layer of a model in a low precision and proposes as few masks as reach the goal.

    Raises `InputError` for unusable samples and `ExecutionError` for a layer that cannot be computed.
    """
    policy = Policy(precision, target)
    portions = batches(model, samples)
    remember = sum(portion.elements for portion in portions) <= _REMEMBERED_ELEMENTS
    replays = [Replay(model, portion.inputs, policy, remember=remember) for portion in portions]
    trials = _Trials(model, replays, progress)
    exact_runs = _exact_runs(model, portions, policy, trials)
    losses = measure(model, replays, exact_runs, [portion.members for portion in portions], policy, progress)
    order = ranked(losses)
    plan = _plan(model, trials, policy, goal, [loss.op.layer.index for loss in order])
    by_index = {loss.op.layer.index: loss for loss in losses}
    masks = policy.all_masks(model)
    rows = tuple(
        LayerReport(
            loss.op.layer,
            loss,
            masks[loss.op.layer.index],
            plan.masks.get(loss.op.layer.index, masks[loss.op.layer.index]),
            reason(model, loss, by_index),
        )
        for loss in order
    )
    return Analysis(model, precision, target, goal, samples, rows, plan, _substitutes(model, policy))


def _substitutes(model: Model, policy: Policy) -> Mapping[int, str]:
    choices = (
        (op.layer.index, kernel_of(op.layer, step, policy.target))
        for op, step in zip(model.operators, policy.steps(model), strict=True)
    )
    return {index: choice.instead_of for index, choice in choices if choice and choice.instead_of}


def _exact_runs(model: Model, portions: Sequence[Portion], policy: Policy, trials: _Trials) -> Iterator[Trace]:
    """All fp32 blobs of each portion in turn; only the outputs are kept, for the trials."""
    for portion in portions:
        exact = run(model, portion.inputs, Policy("fp32", policy.target), keep=["*"])
        _refuse_non_finite(model, exact)
        trials.expect({name: exact[name] for name in model.outputs})
        yield exact


def _refuse_non_finite(model: Model, exact: Trace) -> None:
    """Raises `ExecutionError` for a network whose fp32 outputs are not finite: there is nothing to compare with."""
    lost = [name for name in model.outputs if not np.isfinite(exact[name]).all()]
    if lost:
        first = next(
            op.layer
            for op in model.operators
            if not op.cut and not all(np.isfinite(exact[top]).all() for top in op.layer.tops)
        )
        raise ExecutionError(
            f"output '{lost[0]}' is not finite in fp32 already, and masks cannot help that. It begins in {first}. "
            "Check the input and the weights.",
            model.document.path,
        )


def _plan(model: Model, trials: _Trials, policy: Policy, goal: Goal, order: list[int]) -> MaskPlan:
    def repair(index: int, masks: Masks) -> int | None:
        current = [masks.get(place, mask) for place, mask in enumerate(policy.all_masks(model))]
        mask = gentlest_mask(model.graph, policy.target, PRECISIONS[policy.precision], current, index)
        return None if mask is None else _honoured(model, policy.target, current, index, mask)

    def evaluate(masks: Masks) -> Outcome:
        unsafe = _unsafe(model, policy, masks)
        if not unsafe:
            return trials.evaluate(masks)
        return Outcome({name: Comparison(lost=1) for name in model.outputs}, unsafe)

    plan = Planner(goal, evaluate, repair, order, dict(enumerate(policy.all_masks(model)))).plan()
    if _unsafe(model, policy, plan.masks):
        raise AssertionError(f"the plan {plan.masks} holds a mask the engine does not honour")
    return plan


def _honoured(model: Model, target: Target, masks: Sequence[int], index: int, mask: int) -> int:
    """`mask` without bits that this layer had before and that the engine would not honour in another precision."""
    changed = list(masks)
    changed[index] = mask
    safe = {hazard.layer.index: hazard.safe_mask for hazard in hazards(model.graph, target, changed)}
    return safe.get(index, mask)


def _unsafe(model: Model, policy: Policy, masks: Masks) -> tuple[int, ...]:
    """Layers whose mask the engine would not honour, because `masks` gives it to them or made it so.

    Trials with such layers count as lost without a run: a layer behind might swallow the NaN.
    """
    now = policy.all_masks(model)
    before = {(hazard.layer.index, hazard.bit) for hazard in hazards(model.graph, policy.target, now)}
    after = hazards(model.graph, policy.target, [masks.get(index, mask) for index, mask in enumerate(now)])
    found = {(hazard.layer.index, hazard.bit) for hazard in after}
    return tuple(sorted({place[0] for place in found if place[0] in masks or place not in before}))


class _Trials:
    """Runs of the lowered model under changed masks, compared with fp32 at the outputs."""

    def __init__(self, model: Model, replays: Sequence[Replay], progress: Progress) -> None:
        self._progress = progress
        self._model = model
        self._count = 0
        self._exact: list[Mapping[str, FloatArray]] = []
        self._replays = replays

    def expect(self, outputs: Mapping[str, FloatArray]) -> None:
        """Takes the fp32 outputs of the next replay's inputs."""
        self._exact.append(outputs)

    def evaluate(self, masks: Masks) -> Outcome:
        """The outcome under `masks`, pooled over all samples."""
        self._count += 1
        self._progress("trying masks", self._count, 0)
        outputs = {name: Comparison() for name in self._model.outputs}
        sources: set[int] = set()
        for exact, replay in zip(self._exact, self._replays, strict=True):
            trace = replay.run(masks)
            sources.update(_sources(self._model, trace))
            for name, sums in outputs.items():
                sums.add(reference=exact[name], actual=trace[name])
        return Outcome(outputs, tuple(sorted(sources)))


def _sources(model: Model, trace: Trace) -> set[int]:
    """Layers that make something non-finite of inputs that are all finite."""
    whole = {name: bool(np.isfinite(values).all()) for name, values in trace.items()}
    return {
        op.layer.index
        for op in model.operators
        if any(not whole.get(top, True) for top in op.layer.tops) and all(whole[name] for name in op.layer.bottoms)
    }
