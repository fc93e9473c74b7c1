"""Which precision a run uses: a target, the engine's options, and one feature mask per layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.targets import DEFAULT, PRECISIONS, Target
from maskctl.targets.storage import Step, steps
from maskctl.targets.table import KernelChoice


@dataclass(frozen=True)
class Policy:
    """A precision on a target; `masks` (by layer index) replaces the masks of the file where given."""

    precision: str = "fp32"
    target: Target = DEFAULT
    masks: Mapping[int, int] | None = None

    def all_masks(self, model: Model) -> tuple[int, ...]:
        """One mask per layer: the file's, or this policy's where it has one."""
        changed = self.masks or {}
        return tuple(changed.get(layer.index, layer.mask) for layer in model.graph.layers)

    def steps(self, model: Model) -> tuple[Step, ...]:
        """How each layer runs."""
        return steps(model.graph, self.target, PRECISIONS[self.precision], self.all_masks(model))


FP32 = Policy()


def kernel_of(op: Operator, step: Step, target: Target) -> KernelChoice | None:
    """The kernel of this layer where it is not its fp32 definition with one rounding, or None."""
    if step.stored == "fp32" or (step.stored == "fp16" and not step.sums_in_fp16):
        return None
    return target.choose(op.layer.type, _extents(op), step.options)


def _extents(op: Operator) -> dict[str, int]:
    if op.layer.type != "Convolution":
        return {}
    names = [f"{name}_{axis}" for name in ("kernel", "stride", "dilation") for axis in "wh"]
    extents = {name: op.params.integer(name) for name in ("num_output", *names)}
    taps = extents["num_output"] * extents["kernel_w"] * extents["kernel_h"]
    return {**extents, "channels": op.params.integer("weight_data_size") // taps}
