"""What a rule finds: where, what is wrong, and the edits that would mend it.

These are tuples because a file of a megabyte may have half a million of them: they are made, compared and kept as cheaply
as Python can.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """How bad a mistake is: an error breaks the model or loses a mask, a warning may, an info is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Span(NamedTuple):
    """Characters of one line; `line` and `column` count from 1, `line` 0 is the whole file, `length` 0 the whole line."""

    line: int = 0
    column: int = 0
    length: int = 0


class Edit(NamedTuple):
    """Characters `start` to `end` (from 0, end excluded) of a line (from 1) replaced by `text`.

    A line is deleted with its line end, and a new one put before a line with an edit at its start.
    """

    line: int
    start: int
    end: int
    text: str


class Fix(NamedTuple):
    """Edits that mend a mistake, made together or not at all, and in words what they do.

    A safe one leaves what every engine computes as it is, or as it plainly was meant.
    """

    what: str
    edits: tuple[Edit, ...]
    is_safe: bool = True


class Problem(NamedTuple):
    """One place where a rule is broken. `layer` names the layer it lies on, "" where it lies on none."""

    message: str
    span: Span = Span()
    layer: str = ""
    fix: Fix | None = None


class Finding(NamedTuple):
    """A problem with its file, the rule that found it, and a fingerprint that stays when lines move."""

    path: str
    rule: str
    severity: Severity
    problem: Problem
    fingerprint: str = ""

    def __str__(self) -> str:
        span = self.problem.span
        place = ":".join([self.path, *(str(number) for number in (span.line, span.column) if number)])
        return f"{place}: {self.severity.value}: {self.problem.message} [{self.rule}]"
