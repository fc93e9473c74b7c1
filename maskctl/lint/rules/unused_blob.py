"""A blob is produced beside others and nobody reads it.

It may be an output; every blob that an application asks for and no layer reads looks like that. So only these are told: an input that no
layer reads, constants of a MemoryData that no layer reads, and tops of a Split or Slice of which other tops are read. Mostly something
was taken out behind them. The engine holds their memory until the run ends.

Bad:
    7767517
    3 4
    Input  data  0 1 data 0=4 1=4 2=3
    Split  twin  1 2 data one two
    ReLU   relu  1 1 one relu

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.graph.network import Layer
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.miscounts import is_parameter
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.INFO


def check(subject: Subject) -> Iterator[Problem]:
    """Every such top; none that stands in a line that cannot be read, nor a parameter, of which the counts are told."""
    for layer in subject.layers:
        if not _is_told(subject, layer):
            continue
        for place, top in enumerate(layer.tops):
            if top not in subject.readers and top not in subject.unread_words and not is_parameter(top):
                yield Problem(
                    f"nobody reads blob '{top}' of {layer}. If the application does not ask for it, take it out.",
                    subject.top_span(layer, place),
                    layer.name,
                )


def _is_told(subject: Subject, layer: Layer) -> bool:
    if layer.type in {"Split", "Slice"}:
        return any(top in subject.readers for top in layer.tops)
    return layer.type == "MemoryData" or (layer.type == "Input" and len(subject.layers) > 1)
