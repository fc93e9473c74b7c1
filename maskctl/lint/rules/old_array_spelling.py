"""An array is written in the old spelling, with its length in front.

`-23309=2,1,2` and `9=1,2` are the same array. Engines before 1.0.20250428 read the old spelling only, and converters still write
it, so that every file has it and nothing is wrong with it. The new one is shorter and cannot say a wrong length. This rule is
for files that are kept by hand for newer engines: it has to be asked for, and is silent where `--runtime` names an older engine.
An array of one element ends in a comma, `9=1,`. An array without elements has no new spelling.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4
    Crop   crop  1 1 data crop -23309=1,1 -23310=1,3 -23311=1,0

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4
    Crop   crop  1 1 data crop 9=1, 10=3, 11=0,
"""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.lint.facts.declared import rewritten, spelled
from maskctl.lint.facts.since import NEW_ARRAYS, release
from maskctl.lint.finding import Fix, Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "params"
SEVERITY = Severity.INFO
DEFAULT = False


def check(subject: Subject) -> Iterator[Problem]:
    """Every array with elements in the old spelling; the fix, safe where the runtime reads it, writes it in the new one."""
    runtime = subject.conditions.runtime
    if 0 < runtime < NEW_ARRAYS:
        return
    for layer in subject.layers:
        for token in layer.line.tokens:
            text = spelled(layer, token)
            if not text.startswith("-") or not token.value:
                continue
            elements = text.partition(",")[2]
            new = f"{token.id}={elements}{'' if ',' in elements else ','}"
            yield Problem(
                f"{layer} has the array '{text}'. Engines from {release(NEW_ARRAYS)} on read '{new}' too.",
                subject.token_span(layer, token),
                layer.name,
                Fix(f"write '{new}'", (rewritten(layer, token, new),), is_safe=runtime >= NEW_ARRAYS),
            )
