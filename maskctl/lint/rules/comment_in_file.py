"""The file has a comment, and the format has none.

The engine takes a `#` for the type of a layer and refuses the file. Behind the parameters of a layer older engines take it for the next
layer, or for nothing behind the last one; the newest refuses it. The same goes for layers that are commented out.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    # the only layer
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
from maskctl.lint.editing import deletion
from maskctl.lint.finding import Edit, Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.param.grammar import is_comment
from maskctl.param.text import SPACE

GROUP = "file"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every comment, on a line of its own or behind a layer; the fix takes it out."""
    for problem in unreadable.problems(subject, "comment-in-file"):
        number, column = problem.span.line, problem.span.column
        line = subject.scan.lines[number - 1]
        if is_comment(line):
            edit = deletion(number, line)
        else:
            edit = Edit(number, len(line[: column - 1].rstrip(SPACE)), len(line.rstrip("\r\n")), "")
        yield problem._replace(fix=Fix("take out the comment", (edit,)))
