"""A feature mask has bits that no engine knows.

Bits 1 to 128 mean something; the engine ignores all others, so that a mask such as 256 does nothing. Mostly a number was meant as
another one: a sum, or a hexadecimal one.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu 31=257

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu 31=1
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl import featmask
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "mask"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """Every mask with a bit beyond 128."""
    for layer in subject.layers:
        unknown = layer.mask & ~featmask.KNOWN
        if unknown:
            known = layer.mask & featmask.KNOWN
            yield Problem(
                f"{layer} has the feature mask {layer.mask}, in which the engine knows no bits {unknown}. Known are 1 to 128; "
                f"what is left does as {known} ({featmask.words(known)}).",
                subject.param_span(layer, featmask.PARAM_ID),
                layer.name,
            )
