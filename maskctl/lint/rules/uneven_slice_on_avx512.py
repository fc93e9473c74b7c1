"""A Slice into multiples of 16 channels leaves some over, and the file is for x86-64.

On CPUs with AVX-512 the engine lays 16 channels side by side where their number allows it. Here it does so in all pieces and cannot in
the blob they are cut from, and copies the one for the other: the pieces hold values of other channels and pixels, in every precision.
CPUs without AVX-512, and phones, give what is written. Let the pieces add up: one more top takes the rest, which nothing has to
read. Files for phones are not held against this; say `--target x86`, or `target` in the settings.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=24
    Slice  cut   1 1 data first 0=16,

Bad settings:
    [lint]
    target = "x86"

Good:
    7767517
    2 3
    Input  data  0 1 data 0=4 1=4 2=24
    Slice  cut   1 2 data first rest 0=16,-233

Good settings:
    [lint]
    target = "x86"
    ignore = ["unused-blob"]
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.targets.table import PRECISIONS
from maskctl.targets.x86.slicing import mixes_up

GROUP = "params"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """Every such Slice where the target is x86-64, of whichever CPU: it may have AVX-512."""
    if not subject.conditions.target.name.startswith("x86"):
        return
    for layer in subject.layers:
        if mixes_up(layer, subject.extents, PRECISIONS["fp32"]):
            taken = sum(subject.extents[top][0] for top in layer.tops)
            yield Problem(
                f"{layer} takes {taken} of {subject.extents[layer.bottoms[0]][0]} channels. On CPUs with AVX-512 the engine gives "
                "mixed-up values then. Let the pieces add up: one more top, of -233, takes the rest.",
                subject.type_span(layer),
                layer.name,
            )
