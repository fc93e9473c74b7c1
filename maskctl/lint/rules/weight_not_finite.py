"""A tensor in the `.bin` holds NaN or infinity.

No network means that. Everything behind the layer becomes NaN, in every precision; mostly training diverged, a normalisation was
folded with a variance of 0, or the file was cut and padded.

Bad:
    7767517
    2 2
    Input         data  0 1 data 0=2
    InnerProduct  fc    1 1 data fc 0=2 2=4

Bad bin:
    0  1 nan  3 inf

Good:
    7767517
    2 2
    Input         data  0 1 data 0=2
    InnerProduct  fc    1 1 data fc 0=2 2=4

Good bin:
    0  1 2  3 4
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "weights"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every tensor with an element that is not finite."""
    for tensor in subject.tensors:
        if tensor.non_finite:
            layer, at = tensor.op.layer, tensor.first_non_finite
            yield Problem(
                f"{layer}: {tensor.non_finite:,} of {tensor.values.size:,} elements of its {tensor.weight.name} are not finite, the "
                f"first is {tensor.values.flat[at]} at {tensor.place(at)}. Export the model again.",
                subject.type_span(layer),
                layer.name,
            )
