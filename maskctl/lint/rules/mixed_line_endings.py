r"""Some lines end with CRLF and others with LF.

Every engine reads such a file as if all ended alike. But tools that compare files show lines as changed that are not, and what was
pasted in on another system is seldom meant to differ. The fix ends all lines as the first one.

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
    """The first line that ends in another way than the first of the file."""
    lines = [(number, line) for number, line in enumerate(subject.scan.lines, 1) if line.endswith("\n")]
    if not lines:
        return
    usual = _end(lines[0][1])
    odd = [(number, line, _end(line)) for number, line in lines if _end(line) != usual]
    if odd:
        edits = tuple(Edit(number, len(line) - len(end), len(line), usual) for number, line, end in odd)
        message = (
            f"{len(odd)} of {len(lines)} lines end with {_NAMES[odd[0][2]]}, this one first, and the others with {_NAMES[usual]}. "
            "Save the file with one of the two."
        )
        yield Problem(message, Span(odd[0][0]), fix=Fix(f"end all lines with {_NAMES[usual]}", edits))


def _end(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n"
