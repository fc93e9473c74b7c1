"""The shape hints on a layer's line say no shape.

Parameter 30, mostly written `-23330=`, says the shape of each top: its rank, then width, height and channels, four whole numbers for
each, or five with the depth in front of the channels. The newest engine refuses a file with hints of another form ("invalid shape
hints"); older ones read beyond them, or make kernels for a shape that is none. They are only hints: a layer without them runs.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu -23330=3,4,4,3

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu -23330=4,3,4,4,3
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.facts.declared import HINTS_ID, taken_off
from maskctl.lint.facts.hints import malformed
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "params"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every hint that the newest engine refuses; the fix, unsafe as kernels are chosen by hints, takes them off."""
    for layer in subject.layers:
        why = malformed(layer) if HINTS_ID in layer.params else ""
        if why:
            token = next(token for token in reversed(layer.line.tokens) if token.id == HINTS_ID)
            yield Problem(
                f"{layer}: the shape hints (parameter {HINTS_ID}) say no shape: {why}. Expected rank, width, height and channels "
                "for each top, or nothing.",
                subject.token_span(layer, token),
                layer.name,
                Fix("take the shape hints off", (taken_off(layer, token),), is_safe=False),
            )
