"""The second line counts fewer blobs than the layers have.

The engine makes a table of as many blobs as the line says. Older engines write past its end, which crashes at once or later; the
newest refuses the file ("too many blobs"). Every top is a blob. Whoever adds a layer by hand has to raise both counts.

Bad:
    7767517
    2 1
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
    """A blob count that is too small for the layers that the engine reads; lines that cannot be read only add to them.

    Blobs that are read and never produced are left out: they are mistakes of their own.
    """
    said, layers = subject.scan.blob_count, subject.scan.layer_count
    read = subject.layers[: max(layers - len(subject.scan.broken), 0)]
    if said and said < sum(len(layer.tops) for layer in read):
        there = blobs_of(read)
        fix = Fix(f"write {layers} {there}", counts_edits(subject, layers, there))
        message = (
            f"the line says {said} blobs and the layers have {there}. Older engines write past the end of their table, the newest "
            f"refuses the file. Write {there}."
        )
        yield Problem(message, count_span(subject, 1), fix=fix)
