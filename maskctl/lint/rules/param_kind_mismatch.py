"""A parameter is a number where its type reads an array or a string, or the other way round.

The engine does not convert between them: it takes the array for empty, the number for 0, the string for "", and the newest refuses
the layers that cannot do without. Names such as `inf` and `nan` are strings to it. An array of one element ends in a comma,
`3=1,`, or says its length, `-23303=1,1`. For integers see `param-not-integer`.

Bad:
    7767517
    2 2
    Input       data  0 1 data 0=4 1=4
    ExpandDims  dims  1 1 data dims 3=0

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4
    Clip   clip  1 1 data clip 0=0.0 1=inf

Good:
    7767517
    2 2
    Input       data  0 1 data 0=4 1=4
    ExpandDims  dims  1 1 data dims -23303=1,0
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.facts.declared import Written, called, problem, rewritten
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.param import Value

GROUP = "params"
SEVERITY = Severity.ERROR

_ARRAY_BASE = 23300


def check(subject: Subject) -> Iterator[Problem]:
    """Every float, array and string that is written as another of them; the fix makes an array of a number."""
    for at in subject.written:
        if at.param is None or isinstance(at.param.default, int):
            continue
        wanted, there = _kind(at.param.default), _kind(at.token.value)
        if wanted != there:
            message = f"has '{at.text}', {there}, and {called(at.param)} is {wanted} ({at.param.meaning})."
            yield problem(at, message, _fix(at))


def _kind(value: Value) -> str:
    if isinstance(value, tuple):
        return "an array"
    return "a string" if isinstance(value, str) else "a number"


def _fix(at: Written) -> Fix | None:
    if at.param is None or not isinstance(at.param.default, tuple) or isinstance(at.token.value, str):
        return None
    meant = f"-{_ARRAY_BASE + at.token.id}=1,{at.value_text}"
    return Fix(f"write '{meant}'", (rewritten(at.layer, at.token, meant),))
