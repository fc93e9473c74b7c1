"""What each layer of a network is under a precision: its kernel, its formats, its cost, what mask bits would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maskctl.executor.policy import Policy
from maskctl.executor.samples import Samples
from maskctl.graph.model import Model
from maskctl.graph.operators import LayerFacts, Operator, facts
from maskctl.targets.effects import BitEffect, effects
from maskctl.targets.storage import Step, kernel_of


@dataclass(frozen=True)
class Anatomy:
    """One layer: `kernel` is what computes it, "" for its fp32 definition, and `instead_of` the engine's own where another.

    `share` is its part of the network's multiply-adds, None where those are not known.
    """

    op: Operator
    step: Step
    facts: LayerFacts
    share: float | None
    kernel: str
    instead_of: str
    bits: tuple[BitEffect, ...]

    @property
    def has_weights(self) -> bool:
        """True for a layer with tensors in the `.bin`."""
        return not self.op.is_unknown and bool(self.op.kind.weights(self.op.params))


def anatomy(model: Model, policy: Policy, samples: Samples) -> tuple[Anatomy, ...]:
    """All layers in file order; shapes and multiply-adds are those of the first sample."""
    known = facts(model.graph, first_shapes(samples))
    total = sum(row.macs or 0 for row in known)
    return tuple(
        _anatomy(model, op, step, row, policy, mask, total)
        for op, step, row, mask in zip(
            model.operators, policy.steps(model), known, policy.all_masks(model), strict=True
        )
    )


def first_shapes(samples: Samples) -> Mapping[str, tuple[int, ...]]:
    """The shape of each input blob of the first sample."""
    return {name: arrays[0].shape for name, arrays in samples.by_blob.items() if len(arrays)}


def _anatomy(
    model: Model, op: Operator, step: Step, known: LayerFacts, policy: Policy, mask: int, total: int
) -> Anatomy:
    choice = None if op.cut or op.layer.type == "Input" else kernel_of(op.layer, step, policy.target)
    share = None if known.macs is None else known.macs / total if total else 0.0
    index, target = op.layer.index, policy.target
    bits = () if op.layer.type == "Input" else effects(model.graph, index, step, target, policy.options, mask)
    kernel, instead_of = (choice.kernel, choice.instead_of) if choice else ("", "")
    return Anatomy(op, step, known, share, kernel, instead_of, bits)
