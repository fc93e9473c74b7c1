"""Layers whose parameters the rules tell one by one, so that what follows from that is not told again."""

from __future__ import annotations

from maskctl.graph.network import Layer
from maskctl.lint.facts.declared import are_of_kind
from maskctl.lint.facts.lengths import wrong_lengths
from maskctl.lint.facts.limits import broken_limits, undivided
from maskctl.lint.facts.weight_sizes import wrong_size
from maskctl.lint.subject import Subject


def is_told(subject: Subject, layer: Layer) -> bool:
    """True where the kind, a value, a length or a size on a layer's line is wrong by the tables."""
    kind = subject.kinds[layer.index]
    return kind is not None and (
        not are_of_kind(layer, kind)
        or any(True for _ in broken_limits(layer, kind))
        or any(True for _ in undivided(layer, kind))
        or any(True for _ in wrong_lengths(layer, kind))
        or wrong_size(layer, kind, subject.extents) is not None
    )
