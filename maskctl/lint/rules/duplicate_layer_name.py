"""Several layers have one name.

The engine does not mind. But a feature mask that is set by name is set on all of them, a lock file cannot tell them apart, and what a
profile or an analysis says of the name may be said of any.

Bad:
    7767517
    3 3
    Input  data   0 1 data 0=4 1=4 2=3
    ReLU   relu   1 1 data one
    ReLU   relu   1 1 one two

Good:
    7767517
    3 3
    Input  data   0 1 data 0=4 1=4 2=3
    ReLU   relu   1 1 data one
    ReLU   relu2  1 1 one two
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from maskctl.graph.network import Layer
from maskctl.lint.editing import FreshNames, span_edit
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.WARNING

_SHOWN = 4


def check(subject: Subject) -> Iterator[Problem]:
    """Each such name once, at its second layer; the fix, unsafe because masks may be set by it, gives the others a number."""
    named = defaultdict[str, list[Layer]](list)
    for layer in subject.layers:
        named[layer.name].append(layer)
    fresh = FreshNames(named)
    for name, layers in named.items():
        if len(layers) < 2:
            continue
        edits = tuple(span_edit(subject.name_span(layer), fresh(name)) for layer in layers[1:])
        shown = ", ".join(f"#{layer.index}" for layer in layers[:_SHOWN]) + (", …" if len(layers) > _SHOWN else "")
        yield Problem(
            f"{len(layers)} layers have the name '{name}': {shown}. A mask that is set by name is set on all of them; "
            "set it by index, or give each its own name.",
            subject.name_span(layers[1]),
            name,
            Fix(f"number all but the first of the layers '{name}'", edits, is_safe=False),
        )
