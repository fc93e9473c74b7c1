"""A mask takes 16-bit storage off a layer that 16-bit blobs reach.

The engine converts a layer's input by that layer's own masked options. With bit 2 or 4 set nothing converts a 16-bit blob back,
and the layer reads its bits as fp32: NaN, garbage, or a crash. ncnn's own page on masks shows `31=3` in the middle of a network,
which does this in every released engine. The bits are safe where every input arrives in 32 bits: right behind an Input, behind
other layers masked so, or behind a type without 16-bit storage. Elsewhere `31=1` gives sums in fp32.

Bad:
    7767517
    3 3
    Input        data   0 1 data 0=8 1=8 2=16
    Convolution  conv1  1 1 data conv1 0=16 1=1 6=256
    Convolution  conv2  1 1 conv1 conv2 0=16 1=1 6=256 31=3

Good:
    7767517
    3 3
    Input        data   0 1 data 0=8 1=8 2=16
    Convolution  conv1  1 1 data conv1 0=16 1=1 6=256 31=3
    Convolution  conv2  1 1 conv1 conv2 0=16 1=1 6=256 31=3
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl import featmask
from maskctl.lint.editing import mask_edit
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "mask"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every mask that the target's engine does not honour, one problem for each bit; the fix is the safe alternative."""
    for hazard in subject.hazards:
        layer = hazard.layer
        yield Problem(
            str(hazard),
            subject.param_span(layer, featmask.PARAM_ID),
            layer.name,
            Fix(f"write 31={hazard.safe_mask}", (mask_edit(layer, hazard.safe_mask),)),
        )
