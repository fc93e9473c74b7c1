"""The second line counts other layers than the file has.

The engine reads as many layers as the line says. It drops what stands behind them in silence, so that the network ends too
early and blobs that the application asks for are missing; and it refuses a file that has fewer. The blob count beside it has to
grow with the layers: older engines write past the end of a table that is too small.

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

from collections.abc import Iterator

from maskctl.lint.counts import blobs_of, count_span, counts_edits
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """A file whose counts can be read and whose layers are others in number; the fix writes both counts anew.

    It is not safe: the layers that were dropped run then, and a file that was cut short loads without what is missing. A file
    without layers has none: no engine takes a count of 0.
    """
    said, there = subject.scan.layer_count, len(subject.layers)
    if not said or said == there or subject.scan.broken:
        return
    if said < there:
        what = f"The engine drops the last {there - said} in silence, from {subject.layers[said]} on."
    else:
        what = "The engine refuses it. The file was cut short, or the count is wrong."
    blobs = blobs_of(subject.layers)
    fix = Fix(f"write {there} {blobs}", counts_edits(subject, there, blobs), is_safe=False) if there and blobs else None
    message = f"the line says {said} layers and the file has {there}. {what} Write {there} layers and {blobs} blobs."
    yield Problem(message, count_span(subject, 0), fix=fix)
