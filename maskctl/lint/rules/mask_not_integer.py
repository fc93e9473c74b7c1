"""A feature mask is written as something else than a whole number.

`31=3.0` is a float: older engines take the bits of the float for the mask, which are other masks altogether, and the newest
refuses the file ("invalid feature mask"). The same goes for arrays and strings. Write a plain decimal number.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    Sigmoid sig  1 1 data sig 31=1.0

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    Sigmoid sig  1 1 data sig 31=1
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.lint.facts.declared import rewritten, taken_off
from maskctl.lint.finding import Edit, Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.param import ParamToken, Value

GROUP = "mask"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every mask that is no integer; the fix writes the whole number that a float or an array of one plainly is."""
    for layer in subject.layers:
        for token in layer.line.tokens:
            if token.id != featmask.PARAM_ID or isinstance(token.value, int):
                continue
            meant = _meant(token.value)
            edit = None if meant is None else _edit(layer, token, meant)
            written = layer.line.text[token.start : token.end]
            yield Problem(
                f"{layer} has the feature mask '{written}'. Expected a whole number, such as 31={meant or 1}.",
                subject.token_span(layer, token),
                layer.name,
                Fix(f"write 31={meant}", (edit,)) if edit else None,
            )


def _edit(layer: Layer, token: ParamToken, meant: int) -> Edit:
    return rewritten(layer, token, f"{featmask.PARAM_ID}={meant}") if meant else taken_off(layer, token)


def _meant(value: Value) -> int | None:
    """The whole number from 0 to 255 that a value stands for, or None."""
    number = value[0] if isinstance(value, tuple) and len(value) == 1 else value
    if isinstance(number, int | float) and number == int(number) and 0 <= number <= featmask.KNOWN:
        return int(number)
    return None
