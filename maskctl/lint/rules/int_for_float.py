"""A float is written as an integer.

`0=1` where the type reads a float is 1 to the newest engine only. Engines up to 1.0.20260526 take the integer's bits: 1 becomes
1.4e-45, and -233 becomes NaN, which spreads over everything behind on arm64. 0 is the same in both. In an array of floats it is
the same for each element, and the other way round for old files that hold the bits of floats as integers, 1077936128 for 3.0:
older engines read those as they were meant and the newest as large numbers. Write a point: it is right everywhere. The anchors of
Yolov3DetectionOutput (`mask`) are read by their bits in every engine, and are told where they are small integers. A whole number
written as a float is the rule `float-for-int`.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ELU    elu   1 1 data elu 0=1

Bad:
    7767517
    2 2
    Input         data  0 1 data 0=4
    InnerProduct  fc    1 1 data fc 0=2 2=8 9=3 -23310=2,0,6

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ELU    elu   1 1 data elu 0=1.0
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.layers import Param
from maskctl.lint.facts.declared import Written, called, problem, rewritten
from maskctl.lint.facts.elements import EITHER, are_bits, as_floats, takes_floats
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject
from maskctl.numeric.bits32 import of_bits

GROUP = "params"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Problem]:
    """Every float, and array of floats, with integers other than 0; the fix, safe but for bits, writes them as floats."""
    for at in subject.written:
        value = at.token.value
        if at.param is None or isinstance(at.param.default, tuple) != isinstance(value, tuple):
            continue
        numbers = value if isinstance(value, tuple) else (value,)
        wrong = [number for number in numbers if isinstance(number, int) and _is_misread(at.param, number)]
        if not wrong or not takes_floats(at.param):
            continue
        meant = f"{at.text.partition('=')[0]}={_meant(at)}"
        yield problem(
            at,
            f"has '{at.text}', and {called(at.param)} is {'an array of floats' if value is numbers else 'a float'}: "
            f"{_misread(wrong[0])} Write '{meant}'.",
            Fix(f"write '{meant}'", (rewritten(at.layer, at.token, meant),), is_safe=not any(map(are_bits, wrong))),
        )


def _is_misread(param: Param, number: int) -> bool:
    return number != 0 and not (param.name in EITHER and are_bits(number))


def _misread(number: int) -> str:
    """What which engine makes of an integer."""
    if are_bits(number):
        return f"older engines take {number} by its bits, {of_bits(number):g}, and the newest as {number}."
    return f"engines up to 1.0.20260526 take {number} by its bits, {of_bits(number):g}."


def _meant(at: Written) -> str:
    """The value with its integers as floats, but for the length of an array in the old spelling."""
    return as_floats(at.value_text, first=1 if at.text.startswith("-") else 0)
