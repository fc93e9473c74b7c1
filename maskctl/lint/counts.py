"""The two counts of a file's second line: what they should say, and the edits that make them say it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from maskctl.graph.network import Layer
from maskctl.lint.editing import line_edit
from maskctl.lint.finding import Edit, Span
from maskctl.lint.subject import Subject

_NUMBER = re.compile(r"[0-9]+")


def blobs_of(layers: Iterable[Layer]) -> int:
    """How many blobs the engine makes of these layers: one for every top, and one for a bottom that it has not seen yet.

    Source: `Net::load_param`. A blob that two layers produce is two.
    """
    known = set[str]()
    count = 0
    for layer in layers:
        unseen = {name for name in layer.bottoms if name not in known}
        count += len(unseen) + len(layer.tops)
        known.update(unseen, layer.tops)
    return count


def count_span(subject: Subject, place: int) -> Span:
    """Where the layer count (`place` 0) or the blob count (1) stands."""
    word = list(_NUMBER.finditer(subject.scan.lines[subject.scan.counts_line - 1]))[place]
    return Span(subject.scan.counts_line, word.start() + 1, word.end() - word.start())


def counts_edits(subject: Subject, layers: int, blobs: int) -> tuple[Edit, ...]:
    """The edit that makes the second line say these counts; none where it says them."""
    number = subject.scan.counts_line
    before = subject.scan.lines[number - 1]
    counts = iter((layers, blobs))
    after = _NUMBER.sub(lambda _: str(next(counts)), before, count=2)
    return (line_edit(number, before, after),) if after != before else ()
