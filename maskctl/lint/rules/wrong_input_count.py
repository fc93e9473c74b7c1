"""A layer reads more or fewer blobs than its type and parameters take.

The newest engine refuses a layer of one blob that has two ("invalid bottom_count or top_count"). Older ones read the first and leave
the others unread. One too few is worse: they read past the end of a list, and crash or compute with what lies there. Where the count is
so large that parameters are read as names of blobs, they are not set.

Bad:
    7767517
    3 4
    Input     data  0 1 data 0=4 1=4 2=3
    Split     twin  1 2 data one two
    ReLU      relu  2 1 one two relu

Bad:
    7767517
    2 2
    Input     data  0 1 data 0=4 1=4 2=3
    BinaryOp  add   1 1 data add 0=0

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  2 1 data relu 0=0.1

Good:
    7767517
    3 4
    Input     data  0 1 data 0=4 1=4 2=3
    Split     twin  1 2 data one two
    BinaryOp  add   2 1 one two add 0=0

Good:
    7767517
    2 2
    Input     data  0 1 data 0=4 1=4 2=3
    BinaryOp  add   1 1 data add 0=0 1=1 2=3.0
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.graph.operators import count_words
from maskctl.lint.facts.arity import bottoms_of
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.miscounts import miscounted, problem
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every layer of a known type with another number of bottoms, and every one whose bottoms push parameters among its blobs."""
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        found = miscounted(layer, kind)
        if found and found.is_of_bottoms:
            yield problem(subject, layer, found)
        if found or kind is None:
            continue
        taken, there = bottoms_of(layer, kind), len(layer.bottoms)
        if there not in taken:
            yield Problem(
                f"{layer} reads {there} {'blob' if there == 1 else 'blobs'}. Expected {count_words(taken)}, by its type and "
                "parameters. Check its counts, and what it is meant to read.",
                subject.bottom_count_span(layer),
                layer.name,
            )
