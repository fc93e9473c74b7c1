"""Outputs of a layer lose their weights in fp16, which rounds them to zero.

fp16 has no number between 0 and 6e-8: weights below half of that become 0 where the target keeps them in fp16. Single tiny
weights among others do not matter, and are not told. What is told are outputs whose weights are all so small that more than a
ten-thousandth of their energy goes: in fp32 they give something, in fp16 nothing, or something else. Often such outputs are dead
and stay so; where a large input or a normalisation behind them brings them up again, they are missed.

Bad:
    7767517
    2 2
    Input         data  0 1 data 0=2
    InnerProduct  fc    1 1 data fc 0=2 2=4

Bad bin:
    0  1e-8 2e-8  3 4

Good:
    7767517
    2 2
    Input         data  0 1 data 0=2
    InnerProduct  fc    1 1 data fc 0=2 2=4

Good bin:
    0  1e-8 1e-3  3 4
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "weights"
SEVERITY = Severity.INFO

_NOTICEABLE = 1e-4
"""Of an output's energy: 40 dB."""


def check(subject: Subject) -> Iterator[Problem]:
    """Every tensor kept in fp16 in which outputs lose what can be noticed."""
    for tensor in subject.tensors_in_fp16:
        hit = [index for index, part in enumerate(tensor.lost_in_fp16()) if part > _NOTICEABLE]
        if hit:
            layer = tensor.op.layer
            of = f"{len(hit):,} of {len(tensor.by_output):,} outputs"
            yield Problem(
                f"{layer}: {of} have weights so small that fp16 makes them 0 (output {hit[0]} is the first). If they matter, scale "
                "them up where the model is trained, or take fp16 storage off the layer.",
                subject.type_span(layer),
                layer.name,
            )
