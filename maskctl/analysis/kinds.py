"""The kinds of loss of a layer, one row each: what is rounded, and how the layer runs when only that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from maskctl import featmask
from maskctl.executor import apart
from maskctl.executor.policy import Policy
from maskctl.executor.suffixes import LayerRun, under
from maskctl.graph.model import Model
from maskctl.targets.storage import Step, changes_with_bit_1, kernel_of


@dataclass(frozen=True)
class Setting:
    """What a layer is measured in: the model, what the engine is asked for, how many samples a pass has.

    `ranges` holds the largest magnitude of every fp32 blob over all samples, for int8.
    """

    model: Model
    policy: Policy
    samples: int
    ranges: Mapping[str, float] = field(default_factory=dict)

    def fed_exactly(self, index: int) -> Step:
        """The layer's step in the lowered network, but that its inputs are exact and cast on their way in."""
        return _fed_exactly(self.policy.steps(self.model)[index])

    def under(self, index: int, step: Step) -> LayerRun:
        """The layer as it runs under a step."""
        return under(self.model, index, step, self.policy.target, self.samples)


@dataclass(frozen=True)
class Kind:
    """A kind of loss: its name, what it is in words, and how a layer runs with it; None for layers that have it not."""

    name: str
    words: str
    way: Callable[[Setting, int], LayerRun | None] = field(repr=False)


def _fed_exactly(step: Step) -> Step:
    return replace(step, arrives=("fp32",) * len(step.arrives))


def _whole(setting: Setting, index: int) -> LayerRun | None:
    return setting.under(index, setting.fed_exactly(index))


def _no_winograd(setting: Setting, index: int) -> LayerRun | None:
    step = setting.fed_exactly(index)
    choice = kernel_of(setting.model.graph.layers[index], step, setting.policy.target)
    if choice is None or not choice.is_winograd:
        return None
    return setting.under(index, replace(step, options=step.options - featmask.cleared_options(featmask.NO_WINOGRAD)))


def _storage(setting: Setting, index: int) -> LayerRun | None:
    step = setting.fed_exactly(index)
    if not changes_with_bit_1(setting.model.graph.layers[index], step, setting.policy.target):
        return None
    return setting.under(index, replace(step, options=step.options - {"use_fp16_arithmetic"}))


def _weights(setting: Setting, index: int) -> LayerRun | None:
    return apart.with_rounded_weights(setting.model, index, setting.fed_exactly(index), setting.policy.target)


def _blobs(setting: Setting, index: int) -> LayerRun | None:
    step = setting.fed_exactly(index)
    return apart.with_rounded_blobs(setting.model, index, step, setting.policy.target, setting.samples)


def _bf16(setting: Setting, index: int) -> LayerRun | None:
    policy = replace(setting.policy, precision="bf16")
    step = _fed_exactly(policy.steps(setting.model)[index])
    if step.weights == "fp32" or step.hazard or setting.policy.precision == "bf16":
        return None
    return setting.under(index, step)


def _int8(setting: Setting, index: int) -> LayerRun | None:
    return apart.in_int8(setting.model, index, setting.ranges)


WHOLE = Kind("whole", "lowered as the engine lowers it", _whole)
NO_WINOGRAD = Kind("no_winograd", "the same with plain sums", _no_winograd)
STORAGE = Kind("storage", "16-bit storage with fp32 sums", _storage)
WEIGHTS = Kind("weights", "weights rounded, all else exact", _weights)
BLOBS = Kind("blobs", "inputs and tops rounded, all else exact", _blobs)
BF16 = Kind("bf16", "bf16 storage instead", _bf16)
INT8 = Kind("int8", "int8 instead, scales from the largest magnitudes", _int8)
KINDS = {kind.name: kind for kind in (NO_WINOGRAD, STORAGE, WEIGHTS, BLOBS, BF16, INT8, WHOLE)}
"""All kinds by name; of a layer, they are measured in this order."""

USUAL = ("no_winograd", "storage", "weights", "blobs", "whole")
OTHER_PRECISIONS = ("bf16", "int8")
"""Kinds measured where they are asked for."""
