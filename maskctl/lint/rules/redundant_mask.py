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

from collections.abc import Iterator, Sequence

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.lint.facts.declared import spelled, taken_off
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.param import ParamToken

GROUP = "mask"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Problem]:
    """Every mask of 0, and every layer with several masks, at the first of them; the fix takes off what does not count."""
    for layer in subject.layers:
        tokens = [token for token in layer.line.tokens if token.id == featmask.PARAM_ID]
        if len(tokens) > 1:
            why = f"and behind it '{spelled(layer, tokens[-1])}', which counts. Keep one."
            yield _problem(subject, layer, tokens[:-1], why)
        elif tokens and tokens[0].value == 0:
            yield _problem(subject, layer, tokens, "which is what it has without. Take it off.")


def _problem(subject: Subject, layer: Layer, idle: Sequence[ParamToken], why: str) -> Problem:
    token, written = idle[0], spelled(layer, idle[0])
    others = f" and {len(idle) - 1} more" if len(idle) > 1 else ""
    fix = Fix(f"take '{written}'{others} off", tuple(taken_off(layer, token) for token in idle))
    return Problem(f"{layer} has the mask '{written}', {why}", subject.token_span(layer, token), layer.name, fix)
