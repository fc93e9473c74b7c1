"""The second line counts other layers than the file has.

The engine reads as many layers as the line says. It drops what stands behind them in silence, so that the network ends too
early and blobs that the application asks for are missing; and it refuses a file that has fewer.

Bad:
    7767517
    1 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu

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


def check(subject: Subject) -> Iterator[Problem]:
    """A file whose counts can be read and whose layers are others in number; the fix writes the number there are."""
    said, there = subject.scan.layer_count, len(subject.layers)
    if not said or said == there or subject.scan.broken:
        return
    number = subject.scan.counts_line
    word = re.search(r"[0-9]+", subject.scan.lines[number - 1])
    if word is None:
        return
    fix = Fix(f"write {there}", (Edit(number, word.start(), word.end(), str(there)),), is_safe=said > there)
    span = Span(number, word.start() + 1, word.end() - word.start())
    if said < there:
        dropped = subject.layers[said]
        what = f"The engine drops the last {there - said} in silence, from {dropped} on."
    else:
        what = "The engine refuses it. The file was cut short, or the count is wrong."
    yield Problem(f"the line says {said} layers and the file has {there}. {what} Write {there}.", span, fix=fix)
