"""A mask takes fp16 storage away and leaves fp16 arithmetic on.

Bit 2 without bit 1 asks for fp32 blobs under fp16 sums. On CPUs the engine reaches fp16 sums only through fp16 storage, so that
bit 1 is implied there. On Vulkan it compiles the layer's shaders for fp16 arithmetic on fp32 data: compilation fails, and the
engine crashes. Say what is meant: 3, or 19 to have the layer run in fp32 on the CPU where Vulkan is on.

Bad:
    7767517
    2 2
    Input        data  0 1 data 0=8 1=8 2=16
    Convolution  conv  1 1 data conv 0=16 1=1 6=256 31=2

Good:
    7767517
    2 2
    Input        data  0 1 data 0=8 1=8 2=16
    Convolution  conv  1 1 data conv 0=16 1=1 6=256 31=19
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl import featmask
from maskctl.lint.editing import mask_edit, mask_words
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "mask"
SEVERITY = Severity.WARNING

_STORAGE, _ARITHMETIC = featmask.NO_FP16_STORAGE, featmask.NO_FP16_ARITHMETIC
_ON_CPU = featmask.BY_WORD["no-vulkan"].value


def check(subject: Subject) -> Iterator[Problem]:
    """Every mask with bit 2 and neither bit 1 nor bit 16; the fix adds bit 1, which changes nothing on CPUs.

    Where bit 2 has to go, which `unsafe-storage-mask` tells, nothing is said of what goes with it.
    """
    alone = [layer for layer in subject.layers if layer.mask & _STORAGE and not layer.mask & (_ARITHMETIC | _ON_CPU)]
    told = {hazard.layer.index for hazard in subject.hazards if hazard.bit == _STORAGE} if alone else ()
    for layer in alone:
        if layer.index in told:
            continue
        meant = layer.mask | _ARITHMETIC
        yield Problem(
            f"{layer} has the mask {layer.mask}: fp32 storage under fp16 arithmetic, for which Vulkan's shaders do not compile. Write "
            f"{mask_words(meant)}, or add 16 to keep the layer on the CPU.",
            subject.param_span(layer, featmask.PARAM_ID),
            layer.name,
            Fix(f"write 31={meant}", (mask_edit(layer, meant),)),
        )
