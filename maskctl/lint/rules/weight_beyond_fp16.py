"""A weight is larger than any number of fp16, and the target keeps it in fp16.

The largest finite number of fp16 is 65504. The engine rounds a larger weight to infinity when it loads the model with fp16
storage, and the layer gives infinity or NaN from then on, while it is right in fp32. Scale the weights down where the model is
trained, or take fp16 storage off the layer (bit 2) where its input arrives in 32 bits.

Bad:
    7767517
    2 2
    Input         data  0 1 data 0=2
    InnerProduct  fc    1 1 data fc 0=2 2=4

Bad bin:
    0  1 70000  3 4

Good:
    7767517
    2 2
    Input         data  0 1 data 0=2
    InnerProduct  fc    1 1 data fc 0=2 2=4

Good bin:
    0  1 65504  3 4
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.numeric.formats import FP16

GROUP = "weights"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every tensor kept in fp16 with a finite element beyond its range."""
    for tensor in subject.tensors_in_fp16:
        if tensor.largest > FP16.largest:
            layer, at = tensor.op.layer, tensor.largest_at
            yield Problem(
                f"{layer}: its {tensor.weight.name} holds {tensor.values.flat[at]:g} at {tensor.place(at)}, beyond the {FP16.largest:g} "
                f"of fp16, and {subject.conditions.target.name} keeps it in fp16: it becomes infinite.",
                subject.type_span(layer),
                layer.name,
            )
