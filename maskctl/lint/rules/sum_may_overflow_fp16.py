"""A layer sums in fp16, and its weights do not keep the sum within fp16.

A sum can grow to the largest input times the sum of the weights' magnitudes, on the way or at the end. Where that is more than
65504 an input can make the target's fp16 sums infinite. The range of the input is known from `--range`, or from an activation
that saturates; layers whose input has no known range are not told. Bit 1 (`31=1`) has the layer sum in fp32, where the target
has a kernel for it; `maskctl prove` follows ranges through the whole network.

Bad:
    7767517
    2 2
    Input         data  0 1 data 0=2
    InnerProduct  fc    1 1 data fc 0=1 2=2

Bad bin:
    0  300 300

Bad settings:
    [lint.ranges]
    data = [0, 255]

Good:
    7767517
    2 2
    Input         data  0 1 data 0=2
    InnerProduct  fc    1 1 data fc 0=1 2=2 31=1

Good bin:
    0  300 300

Good settings:
    [lint.ranges]
    data = [0, 255]
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.blob_ranges import blob_ranges
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.lint.tensors import Tensor
from maskctl.numeric.formats import FP16

GROUP = "weights"
SEVERITY = Severity.WARNING

_SUMMING = {
    "Convolution", "Convolution1D", "ConvolutionDepthWise", "ConvolutionDepthWise1D", "Deconvolution", "Deconvolution1D",
    "DeconvolutionDepthWise", "DeconvolutionDepthWise1D", "InnerProduct",
}  # fmt: skip


def check(subject: Subject) -> Iterator[Problem]:
    """Every layer that sums in fp16 over weights and an input whose range is known, and that may leave fp16."""
    tensors = [
        tensor for tensor in subject.tensors_in_fp16 if tensor.op.layer.type in _SUMMING and not tensor.non_finite
    ]
    ranges = blob_ranges(subject) if tensors else {}
    for tensor in tensors:
        layer = tensor.op.layer
        read = ranges.get(layer.bottoms[0])
        if read is None or not subject.sums_in_fp16(layer):
            continue
        most = max(-read[0], read[1])
        output, total = tensor.largest_sum()
        if total * most > FP16.largest:
            yield _problem(subject, tensor, most, output, total)


def _problem(subject: Subject, tensor: Tensor, most: float, output: int, total: float) -> Problem:
    layer = tensor.op.layer
    return Problem(
        f"{layer}: the weights of output {output} have magnitudes of {total:,.6g} together, and inputs reach {most:g}: its fp16 sum can "
        f"reach {total * most:,.6g}, beyond {FP16.largest:,.0f}. Sum in fp32 (31=1), or have 'maskctl prove' look closer.",
        subject.type_span(layer),
        layer.name,
    )
