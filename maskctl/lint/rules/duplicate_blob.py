"""Two layers produce a blob of one name.

The engine makes two blobs of it, and every reader gets the first. What the second layer computes nobody reads. Files that were written in
the manner of Caffe, where a layer may write over what it reads, come out like that.

Bad:
    7767517
    4 4
    Input    data  0 1 data 0=4 1=4 2=3
    Sigmoid  sig   1 1 data x
    ReLU     relu  1 1 x x
    AbsVal   abs   1 1 x out

Good:
    7767517
    4 4
    Input    data  0 1 data 0=4 1=4 2=3
    Sigmoid  sig   1 1 data x
    ReLU     relu  1 1 x x_2
    AbsVal   abs   1 1 x_2 out
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from maskctl.lint.blob_uses import Use, bottoms_named, tops_named
from maskctl.lint.editing import FreshNames, span_edit
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every top that an earlier one is named like; the fix renames it for the readers behind it, up to the next one.

    It is not safe: these readers get another blob then.
    """
    twice = {blob for blob, layers in subject.producers.items() if len(layers) > 1}
    if not twice:
        return
    tops, bottoms = tops_named(subject, twice), bottoms_named(subject, twice)
    fresh = FreshNames({*subject.producers, *subject.readers})
    for blob, uses in tops.items():
        reads = bottoms.get(blob, [])
        first = str(uses[0].layer)
        ends = [*(_reads_up_to(reads, use) for use in uses), len(reads)]
        for number, use in enumerate(uses[1:], 1):
            behind = reads[ends[number] : ends[number + 1]]
            yield _problem(first, use, behind, fresh(blob))


def _reads_up_to(reads: Sequence[Use], use: Use) -> int:
    """How many of the places that read a blob are on the line of this layer, or before it."""
    return bisect_right(reads, use.layer.index, key=lambda read: read.layer.index)


def _problem(first: str, use: Use, behind: Sequence[Use], name: str) -> Problem:
    edits = tuple([span_edit(each.span, name) for each in (use, *behind)])
    return Problem(
        f"{use.layer} produces blob '{use.blob}', which {first} produces already. Whoever reads it gets that of {first}. "
        "Give one of the two another name.",
        use.span,
        use.layer.name,
        Fix(f"call it '{name}' from there on", edits, is_safe=False),
    )
