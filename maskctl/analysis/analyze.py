"""The main job: what a low precision costs a model, layer by layer, and the masks that bring it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from maskctl.analysis.causes import ranked, reason
from maskctl.analysis.decide import Decision, Terms, decide
from maskctl.analysis.fences import fenced
from maskctl.analysis.finders import finders
from maskctl.analysis.goal import DEFAULT_GOAL, Goal, Score
from maskctl.analysis.plan import MaskPlan
from maskctl.analysis.pool import Means, Shares
from maskctl.analysis.sensitivity import LayerLoss, Wishes
from maskctl.analysis.sets import Masks
from maskctl.analysis.work import Progress
from maskctl.errors import ExecutionError
from maskctl.executor.policy import Policy
from maskctl.executor.samples import Samples
from maskctl.executor.suffixes import Effort
from maskctl.graph.model import Model
from maskctl.graph.network import Layer
from maskctl.graph.operators import Operator
from maskctl.kernels.packing import Options
from maskctl.param.fence import Fence
from maskctl.targets import DEFAULT, Target
from maskctl.targets.storage import kernel_of

DEFAULT_WISHES, DEFAULT_MEANS, DEFAULT_TERMS = Wishes(), Means(), Terms()


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
    are layers whose tops are not compared: what they read is measured in their place. `measured` are the numbers of the
    samples the rows were measured on, and `effort` is what the runs of variants took. `fences` are layers
    of `model` that the plan puts in.
    """

    model: Model
    policy: Policy
    goal: Goal
    samples: Samples
    rows: tuple[LayerReport, ...]
    decision: Decision
    instead_of: Mapping[int, str]
    finders: tuple[Operator, ...] = ()
    wishes: Wishes = DEFAULT_WISHES
    effort: Effort = field(default_factory=Effort)
    measured: tuple[int, ...] = ()
    fences: tuple[Fence, ...] = ()
    means: Means = DEFAULT_MEANS

    @property
    def precision(self) -> str:
        """What the engine is asked for."""
        return self.policy.precision

    @property
    def target(self) -> Target:
        """What the engine runs on."""
        return self.policy.target

    @property
    def plan(self) -> MaskPlan:
        """The masks and their outcome."""
        return self.decision.plan

    @property
    def masks(self) -> Masks:
        """The proposed masks by layer index; empty when nothing is proposed."""
        return self.plan.masks

    @property
    def fence_layers(self) -> tuple[Layer, ...]:
        """The layers that the plan puts in."""
        return tuple(self.model.graph.layers[fence.reader + number] for number, fence in enumerate(self.fences))


@dataclass(frozen=True)
class Partial:
    """What was known when measuring was cut short: the rows of layers measured over all samples, worst first, of so many."""

    model: Model
    policy: Policy
    samples: Samples
    wishes: Wishes
    rows: tuple[LayerReport, ...]
    layers: int


class MeasuringInterruptedError(KeyboardInterrupt):
    """An interrupt came before masks were tried; `partial` is what was known by then."""

    def __init__(self, partial: Partial) -> None:
        super().__init__()
        self.partial = partial


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
    wishes: Wishes = DEFAULT_WISHES,
    means: Means = DEFAULT_MEANS,
    terms: Terms = DEFAULT_TERMS,
    progress: Progress = silent,
) -> Analysis:
    """Measures every layer of a model in a low precision and proposes as few masks as reach the goal.

    `without` names options of the engine that are off for the whole network.
    Raises `InputError` for unusable samples, `ExecutionError` for a layer that cannot be computed, and
    `MeasuringInterruptedError` for an interrupt before masks are tried; one while they are gives the best known.
    """
    policy, model = Policy(precision, target, without=without), samples.feeding(model)

    def told(what: str, done: int, total: int) -> None:
        progress(f"{what}, fences put in", done, total)

    def analyze_model(of: Model, under: Terms) -> Analysis:
        return _analyzed(of, samples, policy, goal, wishes, means, under, progress if of is model else told)

    found = analyze_model(model, terms)
    return fenced(found, terms, analyze_model) if terms.fences else found


def _analyzed(
    model: Model,
    samples: Samples,
    policy: Policy,
    goal: Goal,
    wishes: Wishes,
    means: Means,
    terms: Terms,
    progress: Progress,
) -> Analysis:
    """The analysis of a model as it is."""
    with closing(Shares(model, samples, policy, wishes, progress, means)) as trials:
        try:
            losses, effort, measured = _measured(trials, model, samples, policy, wishes, means, progress)
            _refuse_check(goal, trials.exact_score())
            order = ranked(losses, wishes.scope)
            shapes = {name: arrays[0].shape for name, arrays in samples.by_blob.items()}
            decision = decide(model, policy, order, shapes, trials, goal, terms, progress)
        except KeyboardInterrupt:
            known = ranked(trials.known(), wishes.scope)
            rows = _rows(model, policy, known, {})
            raise MeasuringInterruptedError(Partial(model, policy, samples, wishes, rows, trials.layers)) from None
    rows = _rows(model, policy, order, decision.plan.masks)
    found, substitutes = finders(model, policy.target), _substitutes(model, policy)
    seen = (found, wishes, effort, measured)
    return Analysis(model, policy, goal, samples, rows, decision, substitutes, *seen, means=means)


def _rows(model: Model, policy: Policy, losses: Sequence[LayerLoss], proposed: Masks) -> tuple[LayerReport, ...]:
    by_index = {loss.op.layer.index: loss for loss in losses}
    masks = policy.all_masks(model)
    return tuple(
        LayerReport(
            loss.op.layer,
            loss,
            masks[loss.op.layer.index],
            proposed.get(loss.op.layer.index, masks[loss.op.layer.index]),
            reason(model, loss, by_index),
        )
        for loss in losses
    )


def _refuse_check(goal: Goal, score: float | None) -> None:
    """Raises `ExecutionError` where the fp32 outputs do not pass the user's own check: no mask could help."""
    if goal.least_score is not None and score is not None and score < goal.least_score:
        given = score if isinstance(score, Score) else Score(score)
        raise ExecutionError(
            f"the check gives {given.said or f'{score:g}'} on the fp32 outputs, and {given.wanted or f'{goal.least_score:g}'} is "
            "asked for: masks cannot help that. Mend the "
            "command, or ask for less."
        )


def _measured(
    trials: Shares, model: Model, samples: Samples, policy: Policy, wishes: Wishes, means: Means, progress: Progress
) -> tuple[tuple[LayerLoss, ...], Effort, tuple[int, ...]]:
    """The losses over all samples, or over the worst of them; what that took, and the numbers of the samples."""
    losses, effort = trials.measure()
    everyone = tuple(range(len(samples)))
    if wishes.worst is None or wishes.worst >= len(samples):
        return losses, effort, everyone
    numbers = trials.worst(wishes.worst)
    with closing(Shares(model, samples, policy, wishes, progress, means, numbers)) as worst:
        losses, more = worst.measure()
    effort.merge(more)
    return losses, effort, tuple(numbers)


def _substitutes(model: Model, policy: Policy) -> Mapping[int, str]:
    choices = (
        (op.layer.index, kernel_of(op.layer, step, policy.target))
        for op, step in zip(model.operators, policy.steps(model), strict=True)
    )
    return {index: choice.instead_of for index, choice in choices if choice and choice.instead_of}
