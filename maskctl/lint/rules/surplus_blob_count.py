"""The second line counts more blobs than the layers have.

Every engine loads such a file and runs it as if the count were right; the blobs too many have no name and no layer. It is what is
left where layers were taken out by hand, or the sign of a file that was put together from two.

Bad:
    7767517
    2 5
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
SEVERITY = Severity.INFO


def check(subject: Subject) -> Iterator[Problem]:
    """A blob count that is too large, in a file of which every layer that is counted can be read."""
    said, layers = subject.scan.blob_count, subject.scan.layer_count
    there = blobs_of(subject.layers[:layers])
    if said <= there or subject.scan.broken or len(subject.layers) < layers:
        return
    fix = Fix(f"write {layers} {there}", counts_edits(subject, layers, there)) if there else None  # 0 is no count
    message = f"the line says {said} blobs and the layers have {there}. The engine makes the others for nothing. Write {there}."
    yield Problem(message, count_span(subject, 1), fix=fix)
