"""A layer cannot take the blob that reaches it.

Shapes follow from those of the inputs, layer by layer; inputs without extents get theirs with `--shape`, and without that channels
follow from the convolutions. Where the layer's weights,
axes or other inputs are for another shape the engine fails in the middle of a run, or reads beyond a blob and gives garbage: it
does not compare. The same goes for a layer that leaves nothing of what it reads, such as a Diag beside its matrix: the blob is empty,
and most layers that read it fail. Behind a layer whose extents depend on values, such as boxes, nothing is told. Sizes of weights against
channels are the rule `weight-size-mismatch`.

Bad:
    7767517
    2 2
    Input      data  0 1 data 0=4 1=4 2=16
    BatchNorm  norm  1 1 data norm 0=8

Bad:
    7767517
    3 3
    Input     a    0 1 a 0=4 1=4 2=16
    Input     b    0 1 b 0=5 1=4 2=16
    BinaryOp  add  2 1 a b add

Bad:
    7767517
    3 3
    Input           data  0 1 data
    Convolution     conv  1 1 data conv 0=16 1=3 6=432
    ShuffleChannel  mix   1 1 conv mix 0=3

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=3
    Diag   diag  1 1 data diag 0=4

Good:
    7767517
    2 2
    Input      data  0 1 data 0=4 1=4 2=16
    BatchNorm  norm  1 1 data norm 0=16
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.graph.network import Layer
from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.lint.told import is_told
from maskctl.lint.vectors import is_on_vector

GROUP = "params"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """The first layer on each way from the inputs that refuses the shapes of its bottoms, or gives an empty blob."""
    for layer, error in subject.misfits:
        if not is_told(subject, layer) and not is_on_vector(subject, layer):
            where = subject.bottom_span(layer, 0) if layer.bottoms else subject.type_span(layer)
            yield Problem(f"{layer}: {error.problem}{_reads(subject, layer)}", where, layer.name)
    for op in filter(None, subject.operators):
        layer = op.layer
        empty = next((top for top in layer.tops if _is_empty(subject, top)), None)
        if empty is not None and layer.bottoms and not any(_is_empty(subject, bottom) for bottom in layer.bottoms):
            yield Problem(
                f"{layer}: its blob '{empty}' is empty, and most layers that read it fail. Check its parameters.{_reads(subject, layer)}",
                subject.type_span(layer),
                layer.name,
            )


def _is_empty(subject: Subject, blob: str) -> bool:
    return 0 in subject.shapes.get(blob, ()) and blob not in subject.bounds


def _reads(subject: Subject, layer: Layer) -> str:
    """The blobs it reads, with their shapes as far as they are known."""
    blobs = [f"'{name}' {subject.extents[name]}" for name in dict.fromkeys(layer.bottoms) if name in subject.extents]
    return f" It reads {', '.join(blobs)}." if blobs else ""
