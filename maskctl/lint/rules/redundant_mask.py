"""A mask is written that says nothing, or is said twice.

`31=0` is what every layer has without a mask, and of two masks on a line the engine takes the last. Both are left over from
editing by hand; the first says nothing, the second hides which one counts.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu 31=0

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Sigmoid  sigm  1 1 data sigm 31=64 31=1

Good:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Sigmoid  sigm  1 1 data sigm 31=1
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.lint.editing import line_edit, mask_edit
from maskctl.lint.finding import Edit, Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.param import ParamToken

GROUP = "mask"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """Every mask of 0, and every mask behind which another follows; the fix takes it off."""
    for layer in subject.layers:
        tokens = [token for token in layer.line.tokens if token.id == featmask.PARAM_ID]
        for token, follows in pairwise(tokens):
            text = layer.line.text
            edit = line_edit(layer.line.number, text, text[: token.start] + text[follows.start :])
            counts = text[follows.start : follows.end]
            yield _problem(subject, layer, token, f"and behind it '{counts}', which counts. Keep one.", edit)
        if len(tokens) == 1 and tokens[0].value == 0:
            yield _problem(subject, layer, tokens[0], "which is what it has without. Take it off.", mask_edit(layer, 0))


def _problem(subject: Subject, layer: Layer, token: ParamToken, why: str, edit: Edit) -> Problem:
    written = layer.line.text[token.start : token.end]
    fix = Fix(f"take '{written}' off", (edit,))
    return Problem(f"{layer} has the mask '{written}', {why}", subject.token_span(layer, token), layer.name, fix)
