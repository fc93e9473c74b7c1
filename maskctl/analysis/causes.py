"""Why a layer loses what it loses, in words and with the evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from maskctl import featmask
from maskctl.analysis.alone import best_first, worst
from maskctl.analysis.evidence import explanation
from maskctl.analysis.metrics import SQNR, Comparison
from maskctl.analysis.sensitivity import LayerLoss
from maskctl.graph.model import Model
from maskctl.graph.network import Layer
from maskctl.targets.storage import Step

_NOTABLE_DB = 3.0


def reason(model: Model, loss: LayerLoss, by_index: Mapping[int, LayerLoss]) -> str:
    """One line: the unsafe mask, the overflow, where the non-finite came from, or what the loss consists of."""
    if loss.step.hazard:
        return f"bit {loss.step.hazard.bit} is not honoured here: 16-bit input read as fp32"
    told = explanation(loss.evidence, lost=bool(loss.layerwise.lost))
    if loss.layerwise.lost and told:
        return told
    if loss.overflow:
        source = _maker(model, loss, by_index) if loss.overflow.kind == "input" else None
        return f"{loss.overflow}, from {source}" if source else str(loss.overflow)
    if loss.layerwise.lost:
        return f"overflows {loss.step.stored} with exact inputs"
    if loss.graphwise.lost:
        origin = _origin(model, loss.op.layer, by_index)
        return f"not finite, from {origin}" if origin else "overflows with the inputs the lowered network gives it"
    words = _loss_in_words(loss)
    return f"{words}; {told}" if told and loss.layerwise.noise else words


def _loss_in_words(loss: LayerLoss) -> str:
    if loss.layerwise.noise == 0.0:
        return "exact"
    if loss.layerwise_no_winograd.elements:
        gap = SQNR.of(loss.layerwise_no_winograd) - SQNR.of(loss.layerwise)
        if gap == math.inf:
            return "rounding in winograd; plain sums would be exact"
        if gap >= _NOTABLE_DB:
            return f"winograd loses {gap:.1f} dB more than plain sums"
    if loss.layerwise_storage.elements:
        gap = SQNR.of(loss.layerwise_storage) - SQNR.of(loss.layerwise)
        if gap == math.inf:
            return "rounding in fp16 arithmetic; fp16 storage alone would be exact"
        if gap >= _NOTABLE_DB:
            return f"fp16 arithmetic loses {gap:.1f} dB more than fp16 storage"
    return _rounding(loss.step)


def _rounding(step: Step) -> str:
    only_weights = step.stored == "fp32" and step.weights != "fp32"
    return f"weights rounded to {step.weights}" if only_weights else f"rounding to {step.stored}"


def right_bit(loss: LayerLoss) -> int:
    """The mask bit that undoes the largest part of the layerwise loss, 0 where there is none.

    64 where that is winograd's transforms, 1 where it is the sums, 2 or 4 where it is the rounding, or the range, of
    16-bit weights and blobs. Lost elements count before noise.
    """
    stored = {"fp16": featmask.NO_FP16_STORAGE, "bf16": featmask.NO_BF16_STORAGE}.get(loss.step.weights, 0)
    stages = [
        (bit, sums)
        for bit, sums in (
            (featmask.NO_WINOGRAD, loss.layerwise_no_winograd),
            (featmask.NO_FP16_ARITHMETIC, loss.layerwise_storage),
        )
        if sums.elements
    ]
    undone, before = [], loss.layerwise
    for bit, after in (*stages, (stored, Comparison())):
        undone.append((before.lost - after.lost, before.noise - after.noise, bit))
        before = after
    lost, noise, bit = max(undone, key=lambda part: part[:2])
    return bit if lost > 0 or noise > 0 else 0


def _maker(model: Model, loss: LayerLoss, by_index: Mapping[int, LayerLoss]) -> Layer | None:
    """The layer that made the value a layer is fed: as far up as it is the largest one, past layers that move values.

    Where it is the largest of no layer in front, the first one where values were lost.
    """
    value, found = abs(loss.overflow.value) if loss.overflow else 0.0, loss.op.layer
    while True:
        givers = (by_index.get(model.graph.producer[bottom]) for bottom in found.bottoms)
        giver = next((one.op.layer for one in givers if one and one.graphwise.largest == value), None)
        if giver is None:
            return _origin(model, loss.op.layer, by_index) if found is loss.op.layer else found
        found = giver


def _origin(model: Model, layer: Layer, by_index: Mapping[int, LayerLoss]) -> Layer | None:
    """The layer before this one where non-finite values first appear, or None when the inputs are whole."""
    origin: Layer | None = None
    waiting = list(layer.bottoms)
    while waiting:
        index = model.graph.producer[waiting.pop()]
        upstream = by_index.get(index)
        if upstream is not None and upstream.graphwise.lost:
            origin = upstream.op.layer
            waiting = list(origin.bottoms)
    return origin


def ranked(losses: Sequence[LayerLoss], scope: str = "layerwise") -> list[LayerLoss]:
    """Worst first by the SQNR that `scope` names, NaN before everything; then by layerwise and graphwise SQNR and file order.

    Alone counts by the worst output. Of layers left out the one comes first without which the outputs are best.
    """
    first: Mapping[str, Callable[[LayerLoss], tuple[bool, float]]] = {
        "layerwise": lambda loss: SQNR.worst_first(loss.layerwise),
        "graphwise": lambda loss: SQNR.worst_first(loss.graphwise),
        "alone": lambda loss: SQNR.worst_first(worst(loss.alone.get("whole", {}))),
        "leave-one-out": lambda loss: best_first(loss.leave_one_out),
    }
    return sorted(
        losses,
        key=lambda loss: (
            first[scope](loss),
            SQNR.worst_first(loss.layerwise),
            SQNR.worst_first(loss.graphwise),
            loss.op.layer.index,
        ),
    )
