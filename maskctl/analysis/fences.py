"""Fences in front of layers that need 32-bit storage in the middle of a network: where they can be, and which are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from maskctl.analysis.boundary import STORAGE_BITS
from maskctl.executor.policy import Policy
from maskctl.graph.model import Model
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.graph.weights import LayerWeights, LoadedWeights
from maskctl.param.fence import Fence, shifted, with_fences
from maskctl.targets.storage import STORAGE_BIT

if TYPE_CHECKING:
    from maskctl.analysis.analyze import Analysis
    from maskctl.analysis.decide import Terms


def fenced(plain: Analysis, terms: Terms, analyze_model: Callable[[Model, Terms], Analysis]) -> Analysis:
    """The analysis with fences where these reach the goal, or reach it at less cost, or come nearer to it; else `plain`.

    Without fences a layer in 32 bits takes all that feeds it along, from the inputs on. All fences there can be are tried
    first; then those that are not needed go, until all that are left are. What fences cost counts as added to the network.
    """
    model, policy = plain.model, plain.policy
    in_32_bits = any(mask & STORAGE_BITS for mask in plain.masks.values())
    wanted = not plain.plan.interrupted and (in_32_bits or not plain.plan.reached)
    fences = possible_fences(model, policy) if wanted else ()
    while fences:
        try:
            found = analyze_model(with_fences_in(model, fences), _shifted_terms(terms, fences))
        except KeyboardInterrupt:  # what is known without fences is worth showing
            return _cut_short(plain)
        if found.plan.interrupted:
            return _cut_short(plain)
        used = used_fences(found.model, policy, fences, found.masks)
        if used != fences:
            fences = used
            continue
        added = found.decision.total + found.decision.added - plain.decision.total
        decision = replace(found.decision, total=plain.decision.total, added=added)
        better = replace(found, fences=fences, decision=decision)
        return better if _is_better(better, plain) else plain
    return plain


def _cut_short(plain: Analysis) -> Analysis:
    return replace(plain, decision=replace(plain.decision, plan=replace(plain.plan, interrupted=True)))


def _is_better(fenced_one: Analysis, plain: Analysis) -> bool:
    if fenced_one.plan.reached and plain.plan.reached:
        return fenced_one.decision.added < plain.decision.added
    return fenced_one.plan.reached or fenced_one.plan.after.is_better_than(plain.plan.after)


def _shifted_terms(terms: Terms, fences: Sequence[Fence]) -> Terms:
    timings = terms.timings and {(shifted(index, fences), mask): time for (index, mask), time in terms.timings.items()}
    return replace(terms, timings=timings)


def possible_fences(model: Model, policy: Policy) -> tuple[Fence, ...]:
    """One for each bottom that arrives in 16 bits at a layer which computes in them."""
    return tuple(
        Fence(op.layer.index, place)
        for op, step in zip(model.operators, policy.steps(model), strict=True)
        if not op.cut
        and op.layer.type not in {"Input", "Split", "Noop"}
        and (step.hazard or step.stored in STORAGE_BIT)
        for place, arrives in enumerate(step.arrives)
        if arrives in STORAGE_BIT
    )


def used_fences(fenced: Model, policy: Policy, fences: Sequence[Fence], masks: Mapping[int, int]) -> tuple[Fence, ...]:
    """Those of `fences`, which `fenced` has, that cast a blob for a layer in 32 bits under `masks`."""
    ways = replace(policy, masks={**(policy.masks or {}), **masks}).steps(fenced)
    return tuple(
        fence
        for number, fence in enumerate(sorted(fences))
        if masks.get(shifted(fence.reader, fences), 0) & STORAGE_BITS
        and ways[fence.reader + number].arrives[0] in STORAGE_BIT
    )


def with_fences_in(model: Model, fences: Sequence[Fence]) -> Model:
    """The model with fences, which have no weights."""
    document = with_fences(model.document, fences)
    graph = replace(build(document), fed=model.graph.fed)
    tensors, sizes = list(model.weights.tensors), list(model.weights.bytes_on_disk)
    for fence in sorted(fences, reverse=True):
        tensors.insert(fence.reader, LayerWeights({}))
        sizes.insert(fence.reader, 0)
    return Model(document, graph, operators(graph), LoadedWeights(tuple(tensors), tuple(sizes)))
