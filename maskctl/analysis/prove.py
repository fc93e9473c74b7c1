"""Which layers can overflow, proved from the weights and the range of the inputs, without data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from maskctl.analysis.bounds.case import Case
from maskctl.analysis.bounds.interval import Interval
from maskctl.analysis.judge import Danger, judge
from maskctl.analysis.witness import Witnesses, search
from maskctl.executor.policy import Policy
from maskctl.graph.model import Model
from maskctl.graph.network import Layer
from maskctl.layers.base import Array
from maskctl.numeric.formats import FORMATS
from maskctl.targets.storage import Step, gentlest_mask, steps

CANNOT, MAY, WILL = "cannot overflow", "may overflow", "will overflow"

_RUNGS = 4
"""Masks a layer is tried with, each a step further: an honoured one, no winograd, fp32 sums, 32-bit storage."""


@dataclass(frozen=True)
class LayerProof:
    """What is proved of one layer, as long as what it reads is finite.

    Its tops lie between `low` and `high` before they overflow. `dangers` are what may leave the range of its format, the
    worst first; `unknown` says why nothing is known. `safe_mask` is the gentlest mask with which nothing can overflow, None
    where there is none or nothing to cure. `witness` numbers the sample that makes it overflow.
    """

    layer: Layer
    step: Step
    low: float
    high: float
    dangers: tuple[Danger, ...] = ()
    unknown: str = ""
    safe_mask: int | None = None
    witness: int | None = None

    @property
    def verdict(self) -> str:
        """One of the three verdicts."""
        return CANNOT if not self.dangers else MAY if self.witness is None else WILL


@dataclass(frozen=True)
class Proof:
    """The layers in file order, and the inputs (n, …) that make some of them overflow."""

    model: Model
    policy: Policy
    layers: tuple[LayerProof, ...]
    witnesses: Mapping[str, Array]

    def count(self, verdict: str) -> int:
        """How many layers have a verdict."""
        return sum(proof.verdict == verdict for proof in self.layers)


def prove(model: Model, ranges: Mapping[str, Interval], policy: Policy, *, tries: int = 64, seed: int = 0) -> Proof:
    """A verdict for every layer, for inputs within `ranges` (bounds (1, …) by input blob).

    Bounds that are not below a format's largest number say "may"; inputs that do it are then looked for among `tries`.
    Raises `ExecutionError` for a layer that does not fit its inputs.
    """
    proofs = _bounded(model, ranges, policy)
    suspects = [proof.layer.index for proof in proofs if proof.dangers]
    found = search(model, ranges, policy, suspects, tries, seed) if suspects and tries else Witnesses()
    return Proof(
        model,
        policy,
        tuple(replace(proof, witness=found.by_layer.get(proof.layer.index)) for proof in proofs),
        found.inputs,
    )


def _bounded(model: Model, ranges: Mapping[str, Interval], policy: Policy) -> list[LayerProof]:
    """Every layer judged by the bounds of what it reads; a blob's bounds are dropped when they have been read."""
    blobs: dict[str, Interval] = dict(ranges)
    masks, proofs = policy.all_masks(model), []
    for op, step, weights in zip(model.operators, policy.steps(model), model.weights.tensors, strict=True):
        if op.cut:
            continue
        if op.layer.type == "Input":
            given = [ranges[top] for top in op.layer.tops]
            ends = [(float(top.low.min(initial=0)), float(top.high.max(initial=0))) for top in given]
            proofs.append(LayerProof(op.layer, step, min(low for low, _ in ends), max(high for _, high in ends)))
            continue
        case = Case(op, weights, tuple(blobs.pop(bottom) for bottom in op.layer.bottoms), step, policy.target)
        judged = judge(case)
        kept = (top.within(FORMATS[step.kept(place)].largest) for place, top in enumerate(judged.tops))
        blobs.update(zip(op.layer.tops, kept, strict=True))
        mask = _safe_mask(model, policy, masks, case) if judged.dangers and not judged.unknown else None
        proofs.append(LayerProof(op.layer, step, judged.low, judged.high, judged.dangers, judged.unknown, mask))
    return proofs


def _safe_mask(model: Model, policy: Policy, masks: Sequence[int], case: Case) -> int | None:
    """The gentlest mask with which the layer cannot overflow, or None where none that the engine honours helps."""
    changed, index = list(masks), case.op.layer.index
    for _ in range(_RUNGS):
        mask = gentlest_mask(model.graph, policy.target, policy.options, changed, index)
        if mask is None or mask == changed[index]:
            return None
        changed[index] = mask
        step = steps(model.graph, policy.target, policy.options, changed)[index]
        if not judge(replace(case, step=step)).dangers:
            return mask
    return None
