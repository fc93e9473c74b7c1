"""From losses to masks: what may be proposed for a model, what it costs, and the search for the cheapest set."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from maskctl.analysis.boundary import STORAGE_BITS, Storage, closed_set
from maskctl.analysis.budget import steps, traded_steps
from maskctl.analysis.candidates import candidates, relative_noise
from maskctl.analysis.cost import Costs, Timings
from maskctl.analysis.goal import Goal, Outcome
from maskctl.analysis.metrics import Comparison
from maskctl.analysis.plan import MaskPlan, Planner
from maskctl.analysis.sensitivity import LayerLoss
from maskctl.analysis.sets import Key, Masks, key_of, with_bits
from maskctl.analysis.work import Progress
from maskctl.executor.policy import Policy
from maskctl.graph.model import Model
from maskctl.graph.network import Layer
from maskctl.layers.base import Shape
from maskctl.targets import Target
from maskctl.targets.storage import Step, gentlest_mask, hazards, hazards_of_change

_MOST_LIMITS = 3
_MOST_LOOKED_AT = 24
"""Sets that are likely to come next of which it is asked whether they need a run."""


class LoweredRuns(Protocol):
    """Runs of the lowered network under masks, whose blobs `outputs` are compared with fp32."""

    outputs: tuple[str, ...]

    def evaluate(self, masks: Masks) -> Outcome:
        """What a run under masks has come to."""

    def ahead(self, masks: Iterable[Masks]) -> None:
        """Hears which masks will probably be evaluated next."""


class Remembered(Protocol):
    """Outcomes of trials that are known already."""

    def find(self, model: Model, masks: Masks) -> Outcome | None:
        """The outcome of these masks on this text, if it is known."""

    def keep(self, model: Model, masks: Masks, outcome: Outcome) -> None:
        """Writes an outcome down."""


@dataclass(frozen=True)
class Terms:
    """What a plan may do: the most it may add to the network's time (a share, 0.05 for 5 %), and how.

    `also_vulkan` leaves bits 2 and 4 out, which break every layer under Vulkan compute; `fences` lets layers be put in that
    cast to 32 bits, where nothing else reaches the goal; `front` asks for the trade of cost
    against accuracy, `gains` for what each mask of the plan gives; `timings` are a device's own, `remembered` outcomes of an
    interrupted search.
    """

    budget: float = math.inf
    timings: Timings | None = None
    also_vulkan: bool = False
    fences: bool = False
    front: bool = False
    gains: bool = False
    remembered: Remembered | None = None


@dataclass(frozen=True)
class Limit:
    """What is left of a layer's loss under the proposed masks, as noise over signal, and why no mask takes it away."""

    layer: Layer
    noise: float
    why: str


@dataclass(frozen=True)
class Decision:
    """A plan and its price: microseconds of the network as it is and added by the masks, and if a device measured them.

    `share` is the part of all multiply-adds in masked layers, `budget` the share of time asked for.
    `limits` says what keeps a goal out of reach, the worst first.
    """

    plan: MaskPlan
    total: float
    added: float
    measured: bool
    share: float
    budget: float = math.inf
    limits: tuple[Limit, ...] = ()


def decide(
    model: Model,
    policy: Policy,
    losses: Sequence[LayerLoss],
    shapes: Mapping[str, Shape],
    trials: LoweredRuns,
    goal: Goal,
    terms: Terms,
    progress: Progress,
) -> Decision:
    """The cheapest plan found for the losses of a model by `trials` of masks; `shapes` are those of one sample's inputs.

    Progress says for how many layers it is known what masks on them take, then how many trials there were, and the best of them.
    """
    costs = Costs(model, shapes, policy, terms.timings)
    storage, tried = not terms.also_vulkan, Tried(model, policy, trials, terms.remembered)

    def weighed(layers: int) -> None:
        progress("weighing masks", layers, 0)

    found = candidates(model, policy, losses, costs, storage=storage, weighed=weighed)

    def repair(index: int, masks: Masks) -> Masks | None:
        return _repaired(model, policy, masks, index, storage=storage)

    def evaluate(masks: Masks) -> Outcome:
        progress(_so_far(planner, costs.total({})), tried.count + 1, 0)
        return tried.evaluate(masks)

    planner = Planner(
        goal,
        evaluate,
        repair,
        [candidate.bits for candidate in found],
        dict(enumerate(policy.all_masks(model))),
        costs.added,
        [share * costs.total({}) for share in steps(terms.budget)],
        [share * costs.total({}) for share in traded_steps(terms.budget)],
        costs.least,
        Storage(model.graph, policy.target, policy.options, policy.all_masks(model)),
        tried.ahead,
    )
    plan = planner.plan(front=terms.front, gains=terms.gains)
    if _unsafe(model, policy, plan.masks):
        raise AssertionError(f"the plan {plan.masks} holds a mask the engine does not honour")
    dear = _too_dear(costs, planner, plan.masks, terms.budget * costs.total({}))
    limits = () if plan.reached or plan.interrupted else _limits(model, policy, losses, plan.masks, dear)
    price = costs.total({}), costs.added(plan.masks)
    return Decision(plan, *price, costs.measured, costs.share(plan.masks), terms.budget, limits)


@dataclass
class Tried:
    """Trials of masks on a model, each written down; those of an interrupted search are not run again.

    Masks that the engine does not honour count as lost without a run.
    """

    model: Model
    policy: Policy
    trials: LoweredRuns
    remembered: Remembered | None
    count: int = 0
    _unsafe: dict[Key, tuple[int, ...]] = field(default_factory=dict)

    def evaluate(self, masks: Masks) -> Outcome:
        """What masks come to."""
        self.count += 1
        known = self._known(masks)
        if known:
            return known
        outcome = self.trials.evaluate(masks)
        if self.remembered:
            self.remembered.keep(self.model, masks, outcome)
        return outcome

    def ahead(self, masks: Iterable[Masks]) -> None:
        """Hands on which masks come next, the first of them, but for those that need no run."""
        self.trials.ahead(some for some in itertools.islice(masks, _MOST_LOOKED_AT) if not self._known(some))

    def _known(self, masks: Masks) -> Outcome | None:
        key = key_of(masks)
        if key not in self._unsafe:
            self._unsafe[key] = _unsafe(self.model, self.policy, masks)
        unsafe = self._unsafe[key]
        if unsafe:
            return Outcome({name: Comparison(lost=1) for name in self.trials.outputs}, unsafe)
        return self.remembered.find(self.model, masks) if self.remembered else None


def _so_far(planner: Planner, total: float) -> str:
    """What progress says: the best so far, and what it adds to the network's time."""
    best = planner.best
    if best is None:
        return "trying masks"
    reached, sqnr_db = planner.goal.reached(best.outcome), best.outcome.worst_sqnr_db
    if math.isnan(sqnr_db):
        return "trying masks, none finite so far"
    what = "exact" if sqnr_db == math.inf else f"{sqnr_db:.1f} dB"
    return f"trying masks, {'best' if reached else 'nearest'} so far {what} for {best.cost / (total or 1):+.1%}"


def _repaired(model: Model, policy: Policy, masks: Masks, index: int, *, storage: bool) -> Masks | None:
    """The gentlest step for one layer: its own mask, or the set with which it is kept in 32 bits."""
    current = [masks.get(place, mask) for place, mask in enumerate(policy.all_masks(model))]
    mask = gentlest_mask(model.graph, policy.target, policy.options, current, index)
    if mask is not None and (storage or not mask & ~current[index] & STORAGE_BITS):
        return {index: _honoured(model, policy.target, current, index, mask)}
    return closed_set(model.graph, policy.target, policy.options, current, index) if storage else None


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
    changed = [masks.get(index, mask) for index, mask in enumerate(now)]
    found = hazards_of_change(model.graph, policy.target, now, changed, masks)
    return tuple(sorted({hazard.layer.index for hazard in found}))


def _too_dear(costs: Costs, planner: Planner, masks: Masks, budget: float) -> frozenset[int]:
    """Layers with a change that on top of `masks` costs more than the budget, in microseconds."""
    found = set[int]()
    for change in planner.changes if math.isfinite(budget) else ():
        if costs.added(with_bits(masks, [change], planner.start)) > budget:
            found.update(change)
    return frozenset(found)


def _left(loss: LayerLoss, step: Step) -> Comparison:
    """What a layer loses as a plan has it run: with fp32 sums, without winograd, or as it was measured."""
    if loss.layerwise_storage.elements and not step.sums_in_fp16:
        return loss.layerwise_storage
    if loss.layerwise_no_winograd.elements and "use_winograd_convolution" not in step.options:
        return loss.layerwise_no_winograd
    return loss.layerwise


def _limits(
    model: Model, policy: Policy, losses: Sequence[LayerLoss], masks: Masks, dear: frozenset[int]
) -> tuple[Limit, ...]:
    """What the layers still lose that lose most under `masks`; gentler masks for those in `dear` exceed the budget."""
    changed = [masks.get(index, mask) for index, mask in enumerate(policy.all_masks(model))]
    ways = Policy(policy.precision, policy.target, dict(enumerate(changed)), policy.without).steps(model)
    found = []
    for loss in losses:
        layer, step = loss.op.layer, ways[loss.op.layer.index]
        if step.stored == "fp32":
            continue
        noise = relative_noise(_left(loss, step))
        if layer.index in dear:
            sums = "sums" if step.sums_in_fp16 else "blobs"
            why = f"{step.stored} {sums}, and a gentler mask costs more than is left of the budget"
        elif step.support.arithmetic == "fp16":
            why = f"the engine ignores bit 1 in {layer.type}"
        elif step.sums_in_fp16:
            why = f"{step.stored} sums, which more masks were not found to help"
        else:
            why = f"its blobs are rounded to {step.stored}"
        found.append(Limit(layer, noise, why))
    found.sort(key=lambda limit: -limit.noise)
    return tuple(limit for limit in found[:_MOST_LIMITS] if limit.noise > 0)
