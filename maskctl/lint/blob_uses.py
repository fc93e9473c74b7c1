"""Where blobs stand in the file: each place in which a layer reads or produces one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from maskctl.graph.network import Layer
from maskctl.lint.finding import Span
from maskctl.lint.subject import Subject


@dataclass(frozen=True)
class Use:
    """A blob's name on a layer's line: as its bottom or top of that place, from 0."""

    layer: Layer
    place: int
    is_top: bool

    @property
    def blob(self) -> str:
        """Its name."""
        return (self.layer.tops if self.is_top else self.layer.bottoms)[self.place]

    def span(self, subject: Subject) -> Span:
        """Where it stands."""
        return (subject.top_span if self.is_top else subject.bottom_span)(self.layer, self.place)


def tops_named(subject: Subject, names: Collection[str]) -> Mapping[str, list[Use]]:
    """Every place that produces one of these blobs, by blob, in file order."""
    found = defaultdict[str, list[Use]](list)
    for layer in subject.layers:
        for place, top in enumerate(layer.tops):
            if top in names:
                found[top].append(Use(layer, place, is_top=True))
    return found


def bottoms_named(subject: Subject, names: Collection[str]) -> Mapping[str, list[Use]]:
    """Every place that reads one of these blobs, by blob, in file order."""
    found = defaultdict[str, list[Use]](list)
    for layer in subject.layers:
        for place, bottom in enumerate(layer.bottoms):
            if bottom in names:
                found[bottom].append(Use(layer, place, is_top=False))
    return found
