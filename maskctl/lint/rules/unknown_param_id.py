"""A layer has a parameter that its type does not know.

Ids run from 0 to 31; the engine refuses a file with others. Of those it reads what the layer's type declares and ignores the rest,
so that a wrong id leaves the parameter that was meant at its default. Ids 30 (shape hints) and 31 (feature mask) belong to every
type. A parameter of an engine newer than this table is told too.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu 1=0.1

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu 32=1

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu 0=0.1 -23330=4,3,4,4,3 31=1
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.layers import LayerType
from maskctl.lint.facts.declared import Written, problem, taken_off
from maskctl.lint.facts.since import GONE, release
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.lint.unreadable import problems

GROUP = "params"
SEVERITY = Severity.ERROR

_MANY = 10


def check(subject: Subject) -> Iterator[Problem]:
    """Every id outside of 0 to 31, and every one that its layer's type ignores; the fix takes the latter off, unsafely."""
    yield from problems(subject, "unknown-param-id")
    for at in subject.written:
        if at.param is None:
            fix = Fix(f"take '{at.text}' off", (taken_off(at.layer, at.token),), is_safe=False)
            yield problem(at, f"has '{at.text}', and {_why(at)}", fix)


def _why(at: Written) -> str:
    gone = GONE.get((at.layer.type, at.token.id))
    if gone:
        name, last = gone
        return (
            f"the engine ignores it: {at.layer.type} read it as {name} up to {release(last)}. Convert the model again."
        )
    return f"{at.layer.type} has no parameter {at.token.id}: the engine ignores it. {_known(at.kind)}"


def _known(kind: LayerType) -> str:
    """The parameters that a type has, as far as they are few."""
    if not kind.params:
        return "It has no parameters of its own."
    named = [f"{param.id} ({param.name})" for param in sorted(kind.params, key=lambda param: param.id)]
    return f"It has {', '.join(named[:_MANY])}{' and more' if len(named) > _MANY else ''}."
