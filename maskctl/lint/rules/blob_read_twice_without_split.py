"""Two layers read one blob, and there is no Split between.

The engine frees a blob when its reader has taken it. The second reader has the blob computed anew or gets freed memory: networks that
join the two again crash, fail or give garbage, and others are computed twice. `Split` is the layer that makes a blob for each
reader; converters put it in. One layer that reads a blob twice is no mistake.

Bad:
    7767517
    4 4
    Input     data  0 1 data 0=4 1=4 2=3
    ReLU      relu  1 1 data relu
    AbsVal    abs   1 1 relu abs
    BinaryOp  mul   2 1 relu abs out 0=2

Good:
    7767517
    5 6
    Input     data  0 1 data 0=4 1=4 2=3
    ReLU      relu  1 1 data relu
    Split     twin  1 2 relu relu_0 relu_1
    AbsVal    abs   1 1 relu_0 abs
    BinaryOp  mul   2 1 relu_1 abs out 0=2
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskctl.lint.blob_uses import Use, bottoms_named
from maskctl.lint.counts import counts_edits
from maskctl.lint.editing import FreshNames, span_edit
from maskctl.lint.finding import Edit, Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "graph"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Each such blob that one layer produces, at its second reader."""
    shared = {
        blob
        for blob, layers in subject.readers.items()
        if len({layer.index for layer in layers}) > 1 and len(subject.producers.get(blob, ())) == 1
    }
    fresh = FreshNames({*subject.producers, *subject.readers})
    fresh_layer = FreshNames(layer.name for layer in subject.layers) if shared else fresh
    for blob, uses in bottoms_named(subject, shared).items():
        first, second = uses[0].layer, next(use for use in uses if use.layer is not uses[0].layer)
        yield Problem(
            f"{second.layer} reads blob '{blob}', which {first} reads already. The engine gives each blob one reader: put a Split "
            f"layer behind {subject.producers[blob][0]}.",
            second.span,
            second.layer.name,
            _split(subject, uses, [fresh(f"{blob}_split", 0) for _ in uses], fresh_layer(f"split_{blob}", 0)),
        )


def _split(subject: Subject, uses: Sequence[Use], tops: Sequence[str], name: str) -> Fix | None:
    """The fix that puts a Split of that name and these tops before the first reader, safe where none of them has a mask.

    None where the blob is produced only later, or where the counts are wrong already.
    """
    blob, scan, first = uses[0].blob, subject.scan, uses[0].layer
    producer = subject.producers[blob][0]
    if producer.index >= first.index or scan.broken or scan.layer_count != len(subject.layers) or not scan.blob_count:
        return None
    end = "\r\n" if first.line.text.endswith("\r\n") else "\n"
    line = f"{'Split':<24} {name:<24} 1 {len(uses)} {blob} {' '.join(tops)}{end}"
    edits = (
        Edit(first.line.number, 0, 0, line),
        *(span_edit(use.span, top) for use, top in zip(uses, tops, strict=True)),
        *counts_edits(subject, scan.layer_count + 1, scan.blob_count + len(uses)),
    )
    is_safe = not any(layer.mask for layer in (producer, *(use.layer for use in uses)))
    return Fix(f"put a Split layer before {first}", edits, is_safe)
