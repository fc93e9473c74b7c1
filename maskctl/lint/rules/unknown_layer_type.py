"""The engine knows no layer type of that name.

It refuses the file ("layer … not exists or registered") unless the application registers the type before. Types are told apart by
capitals. Most often a name is misspelled, or the converter wrote an operator through that ncnn does not have. Types of your own go
into `custom-layers` of the settings file.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    Relu   relu  1 1 data relu

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu

Good:
    7767517
    2 2
    Input        data   0 1 data 0=12 1=12 2=3
    YoloV5Focus  focus  1 1 data focus

Good settings:
    [lint]
    custom-layers = ["YoloV5Focus"]
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.editing import span_edit
from maskctl.lint.facts.type_names import COMPILED_OUT, meant_type
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every layer of a type that is neither the engine's nor the application's; a near name is no safe fix."""
    known = COMPILED_OUT | subject.conditions.custom_layers
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        if kind or layer.type in known:
            continue
        span, meant = subject.type_span(layer), meant_type(layer.type)
        hint = f" Did you mean '{meant}'?" if meant else ""
        yield Problem(
            f"{layer} has the type '{layer.type}', which ncnn does not have.{hint} "
            "If the application registers it, name it in custom-layers of the settings.",
            span,
            layer.name,
            Fix(f"write {meant}", (span_edit(span, meant),), is_safe=False) if meant else None,
        )
