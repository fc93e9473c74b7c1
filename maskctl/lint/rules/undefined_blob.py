"""A layer reads a blob that no layer before it produces.

The engine makes such a blob up without a producer: the file loads, and the run crashes in older engines and fails in the newest
("invalid layer index -1"). Layers run in the order of the file, so a blob has to be produced before the line that reads it.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 daat relu

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from itertools import islice

from maskctl.lint.editing import span_edit
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.ERROR

_SEARCHED, _CANDIDATES = 20, 1000
"""For so many names a near one is looked for, among so many blobs: a search takes milliseconds."""


def check(subject: Subject) -> Iterator[Problem]:
    """Every bottom that is no top of an earlier layer, nor in a line that cannot be read; a near name is no safe fix."""
    produced: dict[str, None] = {}
    nearest: dict[str, str] = {}
    for layer in subject.layers:
        for place, bottom in enumerate(layer.bottoms):
            if bottom in produced or bottom in subject.unread_words:
                continue
            if bottom not in nearest:
                nearest[bottom] = _near(subject, bottom, produced) if len(nearest) < _SEARCHED else ""
            span, near = subject.bottom_span(layer, place), nearest[bottom]
            yield Problem(
                f"{layer} reads blob '{bottom}', which no layer before it produces. {_hint(subject, bottom, near)}",
                span,
                layer.name,
                Fix(f"read '{near}'", (span_edit(span, near),), is_safe=False) if near else None,
            )
        produced.update(dict.fromkeys(layer.tops))


def _hint(subject: Subject, name: str, near: str) -> str:
    later = subject.producers.get(name)
    if later:
        return f"{later[0]} produces it later: move that line up."
    return f"Did you mean '{near}'?" if near else "Check its spelling."


def _near(subject: Subject, name: str, produced: Mapping[str, None]) -> str:
    """The nearest name of a blob that nobody reads, "" where none is near or the blob is produced later."""
    if name in subject.producers:
        return ""
    free = (blob for blob in produced if blob not in subject.readers)
    near = difflib.get_close_matches(name, islice(free, _CANDIDATES), n=1)
    return near[0] if near else ""
