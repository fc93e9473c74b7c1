"""A BatchNorm divides by a deviation that is nearly nothing.

Each channel is divided by the root of its stored variance plus `eps`. A variance near zero, of a channel that was constant in
training, multiplies whatever arrives there by a hundred thousand and more: rounding noise becomes signal, and fp16 overflows. A
variance below zero gives NaN. Train with a larger `eps`, or prune the channel.

Bad:
    7767517
    2 2
    Input      data  0 1 data 0=2 1=2 2=2
    BatchNorm  bn    1 1 data bn 0=2

Bad bin:
    1 1   0 0   1 1e-14   0 0

Good:
    7767517
    2 2
    Input      data  0 1 data 0=2 1=2 2=2
    BatchNorm  bn    1 1 data bn 0=2 1=1e-5

Good bin:
    1 1   0 0   1 1e-14   0 0
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "weights"
SEVERITY = Severity.WARNING

_LEAST_VARIANCE = 1e-10
"""With `eps` added: its root is a factor of 100,000."""


def check(subject: Subject) -> Iterator[Problem]:
    """Every BatchNorm with a variance that is negative or, with `eps`, less than 1e-10."""
    for tensor in subject.tensors:
        if tensor.op.layer.type != "BatchNorm" or tensor.weight.role != "variance" or tensor.non_finite:
            continue
        layer, eps = tensor.op.layer, tensor.op.params.real("eps")
        least = int(tensor.values.argmin())
        if tensor.values[least] + eps < _LEAST_VARIANCE:
            few = int((tensor.values + eps < _LEAST_VARIANCE).sum())
            yield Problem(
                f"{layer}: the variance of {few:,} of {tensor.values.size:,} channels is near zero or below, least that of channel {least} "
                f"with {tensor.values[least]:g} and eps {eps:g}. Expected at least {_LEAST_VARIANCE:g} together.",
                subject.type_span(layer),
                layer.name,
            )
