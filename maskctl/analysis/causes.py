"""Why a layer loses what it loses, in words and with the evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from maskctl.analysis.metrics import SQNR
from maskctl.analysis.sensitivity import LayerLoss
from maskctl.graph.model import Model
from maskctl.graph.network import Layer

_NOTABLE_DB = 3.0


def reason(model: Model, loss: LayerLoss, by_index: Mapping[int, LayerLoss]) -> str:
    """One line: the unsafe mask, the overflow, where the non-finite came from, or what the loss consists of."""
    if loss.step.hazard:
        return f"bit {loss.step.hazard.bit} is not honoured here: 16-bit input read as fp32"
    if loss.overflow:
        return str(loss.overflow)
    if loss.layerwise.lost:
        return f"overflows {loss.step.stored} with exact inputs"
    if loss.graphwise.lost:
        origin = _origin(model, loss.op.layer, by_index)
        return f"not finite, from {origin}" if origin else "overflows with the inputs the lowered network gives it"
    return _loss_in_words(loss)


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
    return f"rounding to {loss.step.stored}"


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


def ranked(losses: Sequence[LayerLoss]) -> list[LayerLoss]:
    """Worst first: by layerwise SQNR, NaN before everything, then by graphwise SQNR, then in file order."""
    return sorted(
        losses,
        key=lambda loss: (SQNR.worst_first(loss.layerwise), SQNR.worst_first(loss.graphwise), loss.op.layer.index),
    )
