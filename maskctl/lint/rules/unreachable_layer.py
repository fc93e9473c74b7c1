"""A layer that no run gets to: it has no top, and the engine runs what a blob that is asked for needs.

Neither that layer is computed nor those that only it needs. Their weights take memory, and masks on them do nothing. Converters of
Caffe models leave such a `Noop` where a Silence layer was.

Bad:
    7767517
    4 4
    Input  data     0 1 data 0=4 1=4 2=3
    Split  twin     1 2 data one two
    ReLU   relu     1 1 one relu
    Noop   silence  1 0 two

Good:
    7767517
    4 5
    Input  data     0 1 data 0=4 1=4 2=3
    Split  twin     1 2 data one two
    ReLU   relu     1 1 one relu
    AbsVal abs      1 1 two abs
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.INFO


def check(subject: Subject) -> Iterator[Problem]:
    """Every layer without tops whose type may be so, and with it how many layers nothing else needs."""
    ends = [
        layer
        for layer, kind in zip(subject.layers, subject.kinds, strict=True)
        if not layer.tops and (kind is None or 0 in kind.tops)
    ]
    if not ends:
        return
    needed = _needed(subject)
    behind = len(subject.layers) - sum(needed) - len(ends)
    for layer in ends:
        others = f" Nor does it get to the {behind} layers that nothing else needs." if behind else ""
        yield Problem(
            f"{layer} produces no blob, so that no run gets to it.{others} Take it out, or give it a top.",
            subject.type_span(layer),
            layer.name,
        )


def _needed(subject: Subject) -> list[bool]:
    """For each layer whether a blob that nobody reads, an output, depends on it."""
    needed = [False] * len(subject.layers)
    for layer in reversed(subject.layers):
        readers = [reader for top in layer.tops for reader in subject.readers.get(top, ())]
        is_output = any(top not in subject.readers for top in layer.tops)
        needed[layer.index] = is_output or any(needed[r.index] or r.index <= layer.index for r in readers)
    return needed
