"""Where blobs stand in the file: each place in which a layer reads or produces one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from maskctl.graph.network import Layer
from maskctl.lint.finding import Span
from maskctl.lint.subject import Subject


class Use(NamedTuple):
    """A blob's name on a layer's line, and where it stands there."""

    layer: Layer
    blob: str
    span: Span


def tops_named(subject: Subject, names: Collection[str]) -> Mapping[str, list[Use]]:
    """Every place that produces one of these blobs, by blob, in file order."""
    found = defaultdict[str, list[Use]](list)
    for layer in subject.layers:
        for place, top in enumerate(layer.tops):
            if top in names:
                found[top].append(Use(layer, top, subject.top_span(layer, place)))
    return found


def bottoms_named(subject: Subject, names: Collection[str]) -> Mapping[str, list[Use]]:
    """Every place that reads one of these blobs, by blob, in file order."""
    found = defaultdict[str, list[Use]](list)
    for layer in subject.layers:
        for place, bottom in enumerate(layer.bottoms):
            if bottom in names:
                found[bottom].append(Use(layer, bottom, subject.bottom_span(layer, place)))
    return found
