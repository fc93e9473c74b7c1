"""A bit of a feature mask is of no use on the layer it stands on.

Every bit switches off something that some layers have and others do not: winograd is for 3x3 convolutions of stride 1, a 1x1
convolution is a gemm whatever bit 32 says, int8 is for layers with int8 weights, fp16 sums are for layers that sum. Such a bit
repairs nothing, and hides that the layer that needs it has none. Whether bits 1, 2 and 4 do something depends on the target.

Bad:
    7767517
    2 2
    Input        data  0 1 data 0=4 1=4 2=16
    Convolution  conv  1 1 data conv 0=16 1=1 6=256 31=64

Good:
    7767517
    2 2
    Input        data  0 1 data 0=4 1=4 2=16
    Convolution  conv  1 1 data conv 0=16 1=3 4=1 6=2304 31=64
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl import featmask
from maskctl.lint.editing import mask_edit, mask_words
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.mask_effects import idle_bits
from maskctl.lint.subject import Subject

GROUP = "mask"
SEVERITY = Severity.WARNING

_DROPPING = {bit.value: f"drop bit {bit.value}" for bit in featmask.BITS}
"""What a fix does; a file with masks on all layers needs the same few again and again."""


def check(subject: Subject) -> Iterator[Problem]:
    """Every bit that switches nothing off on its layer; the fix drops it, safely where no target does anything for it."""
    if subject.graph is None:
        return
    target = subject.conditions.target
    for layer, found in idle_bits(subject.graph, target):
        said, span, mask = str(layer), subject.param_span(layer, featmask.PARAM_ID), layer.mask
        for bit, why, anywhere in found:
            left = mask & ~bit.value
            where = "" if anywhere else f" on {target.name}"
            yield Problem(
                f"{said} has bit {bit.value} ({bit.word}) set, which is of no use{where}: {why}. Write {mask_words(left)}.",
                span,
                layer.name,
                Fix(_DROPPING[bit.value], (mask_edit(layer, left),), is_safe=anywhere),
            )
