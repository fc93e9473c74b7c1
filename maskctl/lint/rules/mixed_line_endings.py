r"""Some lines end with CRLF and others with LF.

Every engine reads such a file as if all ended alike. But tools that compare files show lines as changed that are not, and what was
pasted in on another system is seldom meant to differ. The fix ends all lines as most of them end.

In these examples `\r` is a carriage return.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3\r
    ReLU   relu  1 1 data relu

Good:
    7767517\r
    2 2\r
    Input  data  0 1 data 0=4 1=4 2=3\r
    ReLU   relu  1 1 data relu\r
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Edit, Fix, Problem, Severity, Span
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.INFO

_NAMES = {"\r\n": "CRLF", "\n": "LF"}


def check(subject: Subject) -> Iterator[Problem]:
    """The first line that ends as fewer lines do; as many of both are told as CRLF."""
    ends = [(number, line, _end(line)) for number, line in enumerate(subject.scan.lines, 1) if line.endswith("\n")]
    crlf = [row for row in ends if row[2] == "\r\n"]
    if not crlf or len(crlf) == len(ends):
        return
    rare, usual = ("\r\n", "\n") if 2 * len(crlf) <= len(ends) else ("\n", "\r\n")
    odd = [row for row in ends if row[2] == rare]
    edits = tuple(Edit(number, len(line) - len(rare), len(line), usual) for number, line, _ in odd)
    message = (
        f"{len(odd)} of {len(ends)} lines end with {_NAMES[rare]}, this one first, and the others with {_NAMES[usual]}. "
        "Save the file with one of the two."
    )
    yield Problem(message, Span(odd[0][0]), fix=Fix(f"end all lines with {_NAMES[usual]}", edits))


def _end(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n"
