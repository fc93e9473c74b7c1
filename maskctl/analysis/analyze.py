"""The main job: what a low precision costs a model, layer by layer, and the masks that bring it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from maskctl.analysis.causes import ranked, reason
from maskctl.analysis.finders import finders, found_blobs, measured, portions_of
from maskctl.analysis.metrics import Comparison, add_or_lose
from maskctl.analysis.plan import DEFAULT_GOAL, Goal, MaskPlan, Masks, Outcome, Planner
from maskctl.analysis.sensitivity import LayerLoss, measure
from maskctl.analysis.work import Progress, Work
from maskctl.errors import ExecutionError
from maskctl.executor.policy import Policy
from maskctl.executor.replay import Replay
from maskctl.executor.run import run
from maskctl.executor.samples import Portion, Samples
from maskctl.executor.trace import Trace
from maskctl.graph.model import Model
from maskctl.graph.network import Layer
from maskctl.graph.operators import Operator
from maskctl.kernels.packing import Options
from maskctl.layers.base import Array
from maskctl.targets import DEFAULT, Target
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

    `instead_of` names, by layer index, a kernel of the engine that is computed here by another algorithm. `finders`
    are layers whose tops are not compared: what they read is measured in their place.
    """

    model: Model
    policy: Policy
    goal: Goal
    samples: Samples
    rows: tuple[LayerReport, ...]
    plan: MaskPlan
    instead_of: Mapping[int, str]
    finders: tuple[Operator, ...] = ()

    @property
    def precision(self) -> str:
        """What the engine is asked for."""
        return self.policy.precision

    @property
    def target(self) -> Target:
        """What the engine runs on."""
        return self.policy.target

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
    without: Options = frozenset(),
    goal: Goal = DEFAULT_GOAL,
    progress: Progress = silent,
) -> Analysis:
    """Measures every layer of a model in a low precision and proposes as few masks as reach the goal.

    `without` names options of the engine that are off for the whole network.
    Raises `InputError` for unusable samples and `ExecutionError` for a layer that cannot be computed.
    """
    policy = Policy(precision, target, without=without)
    portions = portions_of(model, samples)
    found = finders(model, target)
    work = Work(model, portions, policy, progress)
    remember = sum(portion.elements for portion in portions) <= _REMEMBERED_ELEMENTS
    replays = [
        Replay(model, portion.inputs, policy, remember=remember, computed=partial(work.lowered, number))
        for number, portion in enumerate(portions)
    ]
    trials = _Trials(model, replays, found, progress)
    exact_runs = _exact_runs(model, portions, policy, trials)
    losses = measure(model, replays, exact_runs, [portion.members for portion in portions], policy, work)
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
    return Analysis(model, policy, goal, samples, rows, plan, _substitutes(model, policy), found)


def _substitutes(model: Model, policy: Policy) -> Mapping[int, str]:
    choices = (
        (op.layer.index, kernel_of(op.layer, step, policy.target))
        for op, step in zip(model.operators, policy.steps(model), strict=True)
    )
    return {index: choice.instead_of for index, choice in choices if choice and choice.instead_of}


def _exact_runs(model: Model, portions: Sequence[Portion], policy: Policy, trials: _Trials) -> Iterator[Trace]:
    """All fp32 blobs of each portion in turn; only what trials need is kept, for them."""
    wanted = [top for op in model.operators if not op.cut for top in op.layer.tops if op.layer.type != "Input"]
    for number, portion in enumerate(portions):
        computed = run(model, portion.inputs, Policy("fp32", policy.target), keep=wanted)
        exact = Trace({**portion.inputs, **computed})
        _refuse_non_finite(model, trials.measured, exact)
        trials.expect(number, exact)
        yield exact


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


def _plan(model: Model, trials: _Trials, policy: Policy, goal: Goal, order: list[int]) -> MaskPlan:
    def repair(index: int, masks: Masks) -> int | None:
        current = [masks.get(place, mask) for place, mask in enumerate(policy.all_masks(model))]
        mask = gentlest_mask(model.graph, policy.target, policy.options, current, index)
        return None if mask is None else _honoured(model, policy.target, current, index, mask)

    def evaluate(masks: Masks) -> Outcome:
        unsafe = _unsafe(model, policy, masks)
        if not unsafe:
            return trials.evaluate(masks)
        return Outcome({name: Comparison(lost=1) for name in trials.measured}, unsafe)

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
    """Runs of the lowered model under changed masks, compared with fp32 at the blobs that say how good it is."""

    def __init__(self, model: Model, replays: Sequence[Replay], found: Sequence[Operator], progress: Progress) -> None:
        self._model, self._replays, self._finders, self._progress = model, replays, found, progress
        self._count = 0
        self._exact: list[Mapping[str, Array]] = []
        self._given: list[Mapping[str, Array]] = []
        self.measured = measured(model, found)

    def expect(self, number: int, exact: Trace) -> None:
        """Takes the fp32 blobs of one replay's inputs, replay after replay; what finders found is given to the replay."""
        self._given.append({name: exact[name] for name in found_blobs(self._finders)})
        self._replays[number].give(self._given[number])
        self._exact.append({name: exact[name] for name in self.measured})

    def evaluate(self, masks: Masks) -> Outcome:
        """The outcome under `masks`, pooled over all samples."""
        self._count += 1
        self._progress("trying masks", self._count, 0)
        outputs = {name: Comparison() for name in self.measured}
        sources: set[int] = set()
        for exact, given, replay in zip(self._exact, self._given, self._replays, strict=True):
            trace = replay.run(masks)
            sources.update(_sources(self._model, trace))
            for name, sums in outputs.items():
                add_or_lose(sums, reference=exact[name], actual=trace[name])
            for op in self._finders:
                if any(trace[top] is not given[top] for top in op.layer.tops):
                    _lose(outputs, op)
        return Outcome(outputs, tuple(sorted(sources)))


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
