"""An array is not as long as it says, or as its layer needs.

In the old spelling, `-23309=2,0,1`, the first number is the length. With one that is too large the engine refuses the file, with one
that is too small it takes the rest for something else. Where a layer needs a number of elements, the slope of a leaky ReLU or a
size for each top, older engines read beyond the end of an array that is too short, and the newest refuses the file.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4
    Crop   crop  1 1 data crop -23309=2,1 -23310=1,3 -23311=1,0

Bad:
    7767517
    2 2
    Input         data  0 1 data 0=4
    InnerProduct  fc    1 1 data fc 0=2 2=8 9=2

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4
    Crop   crop  1 1 data crop -23309=1,1 -23310=1,3 -23311=1,0
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.facts.declared import Values, called
from maskctl.lint.facts.lengths import wrong_lengths
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.lint.unreadable import problems

GROUP = "params"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every array whose length is not that of its elements, or none its layer can do with."""
    yield from problems(subject, "array-length-mismatch")
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        if kind is None:
            continue
        for param, words in wrong_lengths(layer, kind):
            count = Values(layer, kind).length(param.name)
            message = f"{layer}: {called(param)} has {_elements(count)}. Expected {words}."
            yield Problem(message, subject.param_span(layer, param.id), layer.name)


def _elements(count: int) -> str:
    return f"{count or 'no'} element{'s' * (count != 1)}"
