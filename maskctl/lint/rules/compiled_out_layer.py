"""The layer type is in the engine's sources, and its default build leaves it out.

ArgMax and SPP are compiled only where somebody switches them on (`-DWITH_LAYER_argmax=ON`). Every released library refuses the file
("layer … not exists or registered"). Where yours is built with them, name them in `custom-layers` of the settings file.

Bad:
    7767517
    2 2
    Input   data  0 1 data 0=10
    ArgMax  best  1 1 data best 0=1

Good:
    7767517
    2 2
    Input   data  0 1 data 0=10
    ArgMax  best  1 1 data best 0=1

Good settings:
    [lint]
    custom-layers = ["ArgMax"]
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.facts.type_names import COMPILED_OUT
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every layer of such a type that the settings do not name."""
    refused = COMPILED_OUT - subject.conditions.custom_layers
    for layer in subject.layers:
        if layer.type in refused:
            yield Problem(
                f"{layer} has the type '{layer.type}', which default builds of ncnn leave out: they refuse the file. Build with "
                f"-DWITH_LAYER_{layer.type.lower()}=ON and name it in custom-layers, or compute it behind the network.",
                subject.type_span(layer),
                layer.name,
            )
