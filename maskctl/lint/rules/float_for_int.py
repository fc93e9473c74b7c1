"""A whole number is written as a float.

`0=3.0` is no integer to the engine. Engines up to 1.0.20260526 take the bits of the float, 1077936128; the newest takes the
parameter's default, or refuses the file. The same goes for the elements of an array of integers. Write it without a point and
without an exponent. A value that is no whole number at all is told by `param-not-integer`.

Bad:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Permute  perm  1 1 data perm 0=3.0

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4
    Tile   tile  1 1 data tile -23302=2,2.0,1.0

Good:
    7767517
    2 2
    Input    data  0 1 data 0=4 1=4 2=3
    Permute  perm  1 1 data perm 0=3
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.facts.declared import called, problem, rewritten
from maskctl.lint.facts.elements import as_integers, is_whole, takes_integers
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.numeric.bits32 import to_bits

GROUP = "params"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every integer, and array of integers, with floats that are whole; the fix writes them as integers."""
    for at in subject.written:
        value = at.token.value
        if at.param is None or isinstance(at.param.default, tuple) != isinstance(value, tuple):
            continue
        numbers = value if isinstance(value, tuple) else (value,)
        floats = [number for number in numbers if isinstance(number, float)]
        if not floats or not takes_integers(at.param) or not all(is_whole(number) for number in floats):
            continue
        meant = f"{at.text.partition('=')[0]}={as_integers(at.value_text)}"
        yield problem(
            at,
            f"has '{at.text}', and {called(at.param)} is {_kind(value)}: older engines take {floats[0]:g} by its bits, "
            f"{to_bits(floats[0])}, and the newest does not take it. Write '{meant}'.",
            Fix(f"write '{meant}'", (rewritten(at.layer, at.token, meant),)),
        )


def _kind(value: object) -> str:
    return "an array of whole numbers" if isinstance(value, tuple) else "a whole number"
