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

from collections import defaultdict
from collections.abc import Iterator

from maskctl import featmask
from maskctl.lint.facts.declared import called, spelled, taken_off
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.param import ParamToken

GROUP = "params"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """Every parameter that is there several times, at the first; the fix takes off all but the last."""
    for layer, kind in zip(subject.layers, subject.kinds, strict=True):
        last = {token.id: token for token in layer.line.tokens}
        if len(last) == len(layer.line.tokens):
            continue
        names = {param.id: called(param) for param in kind.params} if kind else {}
        idle = defaultdict[int, list[ParamToken]](list)
        for token in layer.line.tokens:
            if token is not last[token.id] and token.id != featmask.PARAM_ID:
                idle[token.id].append(token)
        for number, tokens in idle.items():
            text, counts = spelled(layer, tokens[0]), spelled(layer, last[number])
            what, others = names.get(number, f"parameter {number}"), len(tokens) - 1
            yield Problem(
                f"{layer} has '{text}', and behind it '{counts}', which counts: {f'with {others} more' if others else 'both'} "
                f"are {what}. Keep one.",
                subject.token_span(layer, tokens[0]),
                layer.name,
                Fix(f"take '{text}' off", tuple(taken_off(layer, token) for token in tokens)),
            )
