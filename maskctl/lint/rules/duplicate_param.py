"""A layer has the same parameter twice.

The engine takes the last. The first is left over from editing, or the second was meant to be another parameter, which then has
its default. Both spellings of an array, `-23309=` and `9=`, are the same parameter. Feature masks have a rule of their own,
`redundant-mask`.

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Pooling  pool  1 1 data pool 0=1 1=2 2=1 2=2

Good:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Pooling  pool  1 1 data pool 0=1 1=2 2=2
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl import featmask
from maskctl.lint.facts.declared import called, spelled, taken_off
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "params"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """Every parameter behind which the same one follows; the fix takes it off."""
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        last = {token.id: token for token in layer.line.tokens}
        if len(last) == len(layer.line.tokens):
            continue
        names = {param.id: called(param) for param in kind.params} if kind else {}
        for token in layer.line.tokens:
            if token is last[token.id] or token.id == featmask.PARAM_ID:
                continue
            text, counts = spelled(layer, token), spelled(layer, last[token.id])
            what = names.get(token.id, f"parameter {token.id}")
            yield Problem(
                f"{layer} has '{text}', and behind it '{counts}', which counts: both are {what}. Keep one.",
                subject.token_span(layer, token),
                layer.name,
                Fix(f"take '{text}' off", (taken_off(layer, token),)),
            )
