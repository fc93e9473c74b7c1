"""A parameter that has to be a whole number is none.

A fraction, a word or an array where the type reads an integer: older engines take the bits of what is there, or 0, the newest takes
the parameter's default, and both refuse the file where that makes no sense. A whole number written as a float, `0=3.0`, is the
rule `float-for-int`.

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Pooling  pool  1 1 data pool 0=avg 1=2 2=2

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Pooling  pool  1 1 data pool 0=1 1=2,2 2=2

Good:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Pooling  pool  1 1 data pool 0=1 1=2 2=2
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.facts.declared import Written, called, problem, rewritten
from maskctl.lint.facts.elements import is_whole, takes_integers
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "params"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every integer that is a fraction, a word or an array, and arrays of integers with fractions.

    The fix takes an array of one integer for that integer.
    """
    for at in subject.written:
        if at.param is None or not takes_integers(at.param):
            continue
        value = at.token.value
        if isinstance(at.param.default, int):
            if isinstance(value, str | tuple) or not is_whole(value):
                yield problem(at, f"has '{at.text}', and {called(at.param)} {_expected(at)}.", _fix(at))
        elif isinstance(value, tuple) and not all(is_whole(number) for number in value):
            yield problem(at, f"has '{at.text}', and {called(at.param)} is an array of whole numbers.")


def _expected(at: Written) -> str:
    """What the type reads there."""
    meaning = at.param.meaning if at.param else ""
    return f"is a whole number ({meaning})"


def _fix(at: Written) -> Fix | None:
    value = at.token.value
    if not isinstance(value, tuple) or len(value) != 1 or not is_whole(value[0]):
        return None
    meant = f"{at.token.id}={int(value[0])}"
    return Fix(f"write '{meant}'", (rewritten(at.layer, at.token, meant),))
