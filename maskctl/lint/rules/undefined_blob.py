"""A layer reads a blob that no layer before it produces.

The engine makes such a blob up without a producer: the file loads, and the run fails or gives nothing. Layers run in the order of
the file, so a blob has to be produced before the line that reads it.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 daat relu

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.errors import did_you_mean
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every bottom that is no top of an earlier layer."""
    produced: dict[str, None] = {}
    for layer in subject.layers:
        for place, bottom in enumerate(layer.bottoms):
            if bottom in produced:
                continue
            later = subject.producers.get(bottom)
            hint = f"{later[0]} produces it later: move that line up." if later else did_you_mean(bottom, produced)
            message = (
                f"{layer} reads blob '{bottom}', which no layer before it produces. {hint or 'Check its spelling.'}"
            )
            yield Problem(message, subject.bottom_span(layer, place), layer.name)
        produced.update(dict.fromkeys(layer.tops))
