"""A line cannot be read: it is no layer line, or a value in it is none.

A layer line is `type name bottom_count top_count`, then that many bottoms, that many tops, and parameters as `id=value`. The newest
engine refuses a file with any other line. Older ones take words as they come: what is too many in one line becomes part of the
next layer, and some files load as another network than is written.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  2 1 data relu

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint import unreadable
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.rule import rules
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Everything that could not be read and that no other rule tells."""
    for mistake in subject.errors:
        if mistake == "syntax-error" or mistake not in rules():
            yield from unreadable.problems(subject, mistake)
