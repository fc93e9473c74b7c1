"""A layer produces more or fewer blobs than its type does.

The newest engine refuses such a layer ("invalid bottom_count or top_count") where its type has one blob. In older ones a blob too many
stays empty, so that its readers crash, and a layer without any writes past the end of a list. Where the count is so large that it takes
in parameters, they are names of blobs, and are not set.

Bad:
    7767517
    2 3
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 2 data relu copy

Bad:
    7767517
    2 3
    Input  data   0 1 data 0=4 1=4 2=3
    Slice  parts  1 3 data one two -23300=2,-233,-233

Good:
    7767517
    3 4
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
    Split  twin  1 2 relu one two
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.graph.operators import count_words
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.miscounts import miscounted, problem
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every layer of a known type with another number of tops, and every one with parameters among its tops."""
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        found = miscounted(layer, kind)
        if found and not found.is_of_bottoms:
            yield problem(subject, layer, found)
        if found or kind is None or len(layer.tops) in kind.tops:
            continue
        there = len(layer.tops)
        yield Problem(
            f"{layer} produces {there} {'blob' if there == 1 else 'blobs'}. Expected {count_words(kind.tops)}, by its type. "
            "Check its counts; a blob for two readers takes a Split layer.",
            subject.top_count_span(layer),
            layer.name,
        )
