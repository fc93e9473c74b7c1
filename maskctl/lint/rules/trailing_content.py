"""Text stands behind the last layer of the count and is no layer.

Every engine stops reading at the last layer it counts, so the text does nothing. Where it was meant as a note it is safe there, and
nowhere else in the file. Where it was a layer once, the file was cut short or damaged.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
    converted on Monday

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.layers import find
from maskctl.lint.editing import deletion
from maskctl.lint.finding import Fix, Problem, Severity, Span
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """The first line behind the layers; the fix takes all of them out, safe unless one begins as a layer does."""
    numbers, lines = subject.scan.trailing, subject.scan.lines
    if not numbers:
        return
    words = [lines[number - 1].split() for number in numbers]
    fix = Fix(
        f"take out {len(numbers)} {'line' if len(numbers) == 1 else 'lines'}",
        tuple(deletion(number, lines[number - 1]) for number in numbers),
        is_safe=not any(find(line[0]) for line in words if line),
    )
    message = (
        f"'{' '.join(words[0])[:40]}' stands behind the last of the {subject.scan.layer_count} layers that are counted and is none. "
        "The engine does not read it. Take it out, or make it a layer and raise the counts."
    )
    yield Problem(message, Span(numbers[0]), fix=fix)
