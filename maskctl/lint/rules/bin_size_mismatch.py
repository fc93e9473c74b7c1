"""The `.bin` beside the file does not hold what its layers read.

Weights have no names: each layer takes as many bytes as its parameters say, in the order of the lines. A `.bin` that is too short
makes the engine fail at load; one that is too long, or shifted, is read all the same, and every layer behind the place where they
part gets the numbers of another. Mostly the two files come from different exports.

Bad:
    7767517
    2 2
    Input         data  0 1 data 0=3
    InnerProduct  fc    1 1 data fc 0=2 2=6

Bad bin:
    0  1 2 3

Good:
    7767517
    2 2
    Input         data  0 1 data 0=3
    InnerProduct  fc    1 1 data fc 0=2 2=6

Good bin:
    0  1 2 3  4 5 6
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.errors import WeightsError
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "weights"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """A `.bin` that is used up before the layers have theirs, or after, or holds what no layer can read."""
    error = subject.loaded_weights
    if isinstance(error, WeightsError):
        yield Problem(f"'{error.place}' does not fit: {error.problem}")
