r"""A carriage return stands in a line, where no line feed follows it.

The newest engine ends a line there: parameters behind it are lost or taken for a layer. Older engines take it for a space, or for a part of
the value before it. So the same file is two networks. It comes from very old editors, or from line ends converted twice.

In these examples `\r` is a carriage return.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    Power  pow   1 1 data pow 0=1.0 1=3.0\r 2=2.0

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3\rReLU   relu  1 1 data relu

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    Power  pow   1 1 data pow 0=1.0 1=3.0 2=2.0

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from maskctl.lint.finding import Edit, Fix, Problem, Severity, Span
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.ERROR

_INNER = re.compile(r"\r(?=[^\r\n]*[^ \t\r\n\v\f])")
_PARAMETER = re.compile(r"[ \t\v\f\r]*[+-]?[0-9]+=")


def check(subject: Subject) -> Iterator[Problem]:
    """The first carriage return in the text of each line; the fix makes line ends of all in it, or spaces before parameters.

    Spaces are not safe: what the newest engine lost counts again.
    """
    for number, line in enumerate(subject.scan.lines, 1):
        found = list(_INNER.finditer(line))
        if not found:
            continue
        texts = [" " if _PARAMETER.match(line, match.end()) else "\n" for match in found]
        edits = (Edit(number, match.start(), match.end(), text) for match, text in zip(found, texts, strict=True))
        yield Problem(
            "a carriage return stands in this line with no line feed behind it. The newest engine ends the line there, older ones "
            "read on. Write a line end, or a space.",
            Span(number, found[0].start() + 1, 1),
            fix=Fix("write line ends and spaces", tuple(edits), is_safe=" " not in texts),
        )
