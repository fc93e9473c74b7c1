"""A feature mask has bits that no engine knows.

Bits 1 to 128 mean something; the engine ignores all others, so that a mask such as 256 does nothing. Mostly another number was
meant: a sum, or a hexadecimal one. A negative number has every bit set, storage and all.

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Sigmoid  sigm  1 1 data sigm 31=257

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Sigmoid  sigm  1 1 data sigm 31=-1

Good:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Sigmoid  sigm  1 1 data sigm 31=1
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl import featmask
from maskctl.lint.editing import mask_edit, mask_words
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "mask"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """Every mask with a bit beyond 128; the fix drops those bits of a mask that is not negative."""
    for layer in subject.layers:
        mask = layer.params.get(featmask.PARAM_ID, 0)
        if not isinstance(mask, int) or not mask & ~featmask.KNOWN:
            continue
        known = mask & featmask.KNOWN
        left = mask_words(known)
        what = (
            "which sets every bit"
            if mask < 0
            else f"in which the engine knows no {mask - known}; what is left is {left}"
        )
        yield Problem(
            f"{layer} has the feature mask {mask}, {what}. Known are the bits 1 to 128.",
            subject.param_span(layer, featmask.PARAM_ID),
            layer.name,
            Fix(f"write {left}", (mask_edit(layer, known),)) if mask > 0 else None,
        )
