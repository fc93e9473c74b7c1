"""What each layer loses: with exact inputs, alone in an exact network, in the lowered network, and left out of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from maskctl.analysis import evidence
from maskctl.analysis.alone import Effect, alone, effect, merge, ways_of
from maskctl.analysis.evidence import Evidence
from maskctl.analysis.finders import finders
from maskctl.analysis.kinds import KINDS, NO_WINOGRAD, USUAL, WHOLE, Kind, Setting
from maskctl.analysis.metrics import Comparison, add_or_lose
from maskctl.analysis.overflow import Overflow, find_overflow, find_winograd_overflow
from maskctl.executor.replay import Replay
from maskctl.executor.suffixes import Effort, LayerRun
from maskctl.executor.trace import Trace
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array, Arrays
from maskctl.targets.storage import Step

SCOPES = ("layerwise", "graphwise", "alone", "leave-one-out")
"""What layers can be ranked by."""


@dataclass(frozen=True)
class Wishes:
    """What to measure: the kinds of loss by name, by what to rank, and the blobs that count as outputs (None: all).

    With `worst` layers are ranked on so many samples, the worst ones of the lowered network; masks are tried on all.
    """

    scope: str = "layerwise"
    kinds: tuple[str, ...] = USUAL
    outputs: tuple[str, ...] | None = None
    worst: int | None = None


@dataclass
class LayerLoss:
    """One layer's losses, pooled over samples.

    - `layerwise`: only this layer lowered, fed with exact inputs;
    - `layerwise_storage`: the same with fp32 sums, so that the difference is what low-precision sums lose, where the
      layer's fp16 sums are reproduced and bit 1 makes them fp32;
    - `layerwise_no_winograd`: the same with plain sums, where the layer runs winograd;
    - `graphwise`: everything lowered, read at this layer's first blob;
    - `apart`: layerwise with other kinds of loss, by their names;
    - `alone`: this layer lowered in an fp32 network, read at the outputs, by kind of loss and output;
    - `leave_one_out`: everything lowered but this layer, read at the outputs.

    `evidence` is what in the layer's exact values explains its loss, by cause.

    `overflow` is the evidence when the layerwise run has lost elements.
    """

    op: Operator
    step: Step
    layerwise: Comparison = field(default_factory=Comparison)
    layerwise_storage: Comparison = field(default_factory=Comparison)
    layerwise_no_winograd: Comparison = field(default_factory=Comparison)
    graphwise: Comparison = field(default_factory=Comparison)
    overflow: Overflow | None = None
    apart: dict[str, Comparison] = field(default_factory=dict)
    alone: dict[str, Effect] = field(default_factory=dict)
    leave_one_out: Effect = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)

    def of_kind(self, name: str) -> Comparison:
        """The layerwise sums with one kind of loss, empty where the layer has it not."""
        named = {"whole": self.layerwise, "storage": self.layerwise_storage, "no_winograd": self.layerwise_no_winograd}
        return named[name] if name in named else self.apart.setdefault(name, Comparison())

    def sums(self) -> Mapping[str, Any]:
        """What was measured, by field, without the layer: what one process sends another."""
        return {part.name: getattr(self, part.name) for part in fields(self) if part.name not in {"op", "step"}}

    def merge(self, more: Mapping[str, Any]) -> None:
        """Adds `sums` of the same layer over other samples."""
        for name in ("layerwise", "layerwise_storage", "layerwise_no_winograd", "graphwise"):
            getattr(self, name).merge(more[name])
        merge(self.apart, more["apart"])
        for kind, found in more["alone"].items():
            merge(self.alone.setdefault(kind, {}), found)
        merge(self.leave_one_out, more["leave_one_out"])
        evidence.merge(self.evidence, more["evidence"])
        self.overflow = _graver(self.overflow, more["overflow"])


def _graver(*found: Overflow | None) -> Overflow | None:
    """The overflow to show: the first in order, of equals that of the first sample."""
    return max(filter(None, found), key=lambda overflow: (overflow.order, -overflow.sample), default=None)


def losses_of(setting: Setting) -> tuple[LayerLoss, ...]:
    """Empty losses of every layer in file order, but for Input layers and finders whose masks are honoured."""
    model, policy = setting.model, setting.policy
    skipped = {op.layer.index for op in finders(model, policy.target)}
    losses = (LayerLoss(op, step) for op, step in zip(model.operators, policy.steps(model), strict=True))
    return tuple(loss for loss in losses if _is_measured(loss, skipped))


def _is_measured(loss: LayerLoss, skipped: Collection[int]) -> bool:
    layer = loss.op.layer
    if loss.op.cut or layer.type == "Input" or not layer.tops:
        return False
    return layer.index not in skipped or loss.step.hazard is not None


@dataclass
class Portioned:
    """One portion of the samples: its fp32 blobs, which samples they are, and the outputs."""

    exact: Trace
    members: Sequence[int]
    outputs: Sequence[str]


def read_lowered(losses: Sequence[LayerLoss], portion: Portioned, lowered: Trace) -> None:
    """Adds what the lowered network's blobs lose to the losses of these layers."""
    for loss in losses:
        top = loss.op.layer.tops[0]
        add_or_lose(loss.graphwise, reference=portion.exact[top], actual=lowered[top], members=portion.members)
        if loss.op.kind.by_value(loss.op.params) and loss.step.hazard:
            loss.layerwise.merge(loss.graphwise)


def measure(
    setting: Setting, losses: Sequence[LayerLoss], portion: Portioned, wishes: Wishes, told: Callable[[str, int], None]
) -> Effort:
    """Adds what these layers lose by themselves, and alone where that is the scope; returns what the variants took.

    `told` hears "alone" of every layer that has run with each kind of loss, and "effects" where their effects are known.
    """
    by_index = {loss.op.layer.index: loss for loss in losses}
    ways = [
        (index, kind, _noted(setting, by_index[index], kind, way, portion, told))
        for index, kind, way in _ways(setting, losses, wishes)
    ]
    if wishes.scope == "alone":
        return _measure_effects(setting, by_index, portion, ways, told)
    for index, _, way in ways:
        way(tuple(portion.exact[bottom] for bottom in setting.model.graph.layers[index].bottoms))
    return Effort()


def measure_effects(
    setting: Setting, losses: Sequence[LayerLoss], portion: Portioned, wishes: Wishes, told: Callable[[str, int], None]
) -> Effort:
    """Adds what these layers do alone to the outputs, and nothing else."""
    by_index = {loss.op.layer.index: loss for loss in losses}
    return _measure_effects(setting, by_index, portion, list(_ways(setting, losses, wishes)), told)


def leave_out(
    losses: Sequence[LayerLoss], portion: Portioned, replay: Replay, lowered: Trace, told: Callable[[str, int], None]
) -> Effort:
    """Adds what the outputs lose without each of these layers, told as "left_out"; returns what the variants took."""
    effort = Effort()
    found = replay.leave_one_out(lowered, [loss.op.layer.index for loss in losses], portion.outputs, effort)
    for loss, blobs in zip(losses, found, strict=True):
        merge(loss.leave_one_out, effect(portion.exact, blobs, lowered, portion.outputs, portion.members))
        told("left_out", loss.op.layer.index)
    return effort


def _ways(setting: Setting, losses: Sequence[LayerLoss], wishes: Wishes) -> Iterator[tuple[int, Kind, LayerRun]]:
    """How these layers run with each kind of loss that is asked for; of finders nothing is measured."""
    finding = {op.layer.index for op in finders(setting.model, setting.policy.target)}
    kinds = [KINDS[name] for name in KINDS if name in wishes.kinds]
    return ways_of(setting, kinds, {loss.op.layer.index for loss in losses} - finding)


def _measure_effects(
    setting: Setting,
    by_index: Mapping[int, LayerLoss],
    portion: Portioned,
    ways: Sequence[tuple[int, Kind, LayerRun]],
    told: Callable[[str, int], None],
) -> Effort:
    effort = Effort()
    last = {index: kind for index, kind, _ in ways}
    runs = [(index, way) for index, _, way in ways]
    found = alone(setting, portion.exact, runs, portion.outputs, portion.members, effort)
    for (index, kind, _), sums in zip(ways, found, strict=True):
        merge(by_index[index].alone.setdefault(kind.name, {}), sums)
        if kind is last[index]:
            told("effects", index)
    return effort


def _noted(
    setting: Setting, loss: LayerLoss, kind: Kind, way: LayerRun, portion: Portioned, told: Callable[[str, int], None]
) -> LayerRun:
    """The same way of running a layer, which adds its loss where it is fed exactly."""

    def run(inputs: Arrays) -> Arrays:
        tops = way(inputs)
        reference = portion.exact[loss.op.layer.tops[0]]
        add_or_lose(loss.of_kind(kind.name), reference=reference, actual=tops[0], members=portion.members)
        if kind is WHOLE:
            _note_evidence(setting, loss, inputs, reference, portion.members)
            _note_overflow(setting, loss, inputs, reference, tops[0], portion.members)
            told("alone", loss.op.layer.index)
        return tops

    return run


def _note_evidence(setting: Setting, loss: LayerLoss, inputs: Arrays, reference: Array, members: Sequence[int]) -> None:
    weights = setting.model.weights.tensors[loss.op.layer.index]
    target = setting.policy.target
    for found in evidence.collect(loss.op, weights, inputs, reference, loss.step, target, members):
        evidence.merge(loss.evidence, {found.cause: found})


def _note_overflow(
    setting: Setting, loss: LayerLoss, inputs: Arrays, reference: Array, actual: Array, members: Sequence[int]
) -> None:
    """Keeps the evidence where the layer has lost elements of finite inputs."""
    if reference.shape != actual.shape or loss.step.hazard:
        return
    lost = ~np.isfinite(actual) & np.isfinite(reference)
    if not lost.any():
        return
    index, target = loss.op.layer.index, setting.policy.target
    plain = NO_WINOGRAD.way(setting, index)
    found: Overflow | None = None if plain is None else find_winograd_overflow(plain(inputs)[0], lost)
    weights = setting.model.weights.tensors[index]
    found = found or find_overflow(loss.op, weights, inputs, loss.step, target, reference, lost)
    loss.overflow = _graver(loss.overflow, found and replace(found, sample=members[found.sample]))
