"""The file does not begin with 7767517, the number by which the engine knows a `.param`.

The engine reads that number first and refuses every other file. A byte order mark before it is enough: some editors write one
where they save "UTF-8 with BOM". A first line of two counts is a `.param` of 2017 or older; convert such a model again.

Bad:
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint import unreadable
from maskctl.lint.finding import Edit, Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.ERROR

_BYTE_ORDER_MARK = "\ufeff"


def check(subject: Subject) -> Iterator[Problem]:
    """A file that is no `.param` at all, or none any more; a byte order mark can be taken off."""
    for problem in unreadable.problems(subject, "magic-number"):
        number = problem.span.line
        is_marked = subject.scan.layer_count and subject.scan.lines[number - 1].startswith(_BYTE_ORDER_MARK)
        fix = Fix("take off the byte order mark", (Edit(number, 0, 1, ""),)) if is_marked else None
        yield problem._replace(fix=fix)
