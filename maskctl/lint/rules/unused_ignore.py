"""The settings ignore a rule in files, or on layers, where it finds nothing.

Such an entry of `per-file-ignores` mostly outlived what it was written for, or its pattern of layers is misspelled. It hides the
next mistake of that kind. It is told when all files that its pattern is about were linted, and the rule was run on them; where
there is no such file, `unmatched-setting` says so.

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu

Bad settings:
    [lint.per-file-ignores]
    "net.param" = ["unknown-mask-bit"]

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu 31=256

Good settings:
    [lint.per-file-ignores]
    "net.param:relu" = ["unknown-mask-bit"]
"""

from __future__ import annotations

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.WARNING


def check(_: Subject) -> tuple[Problem, ...]:
    """Nothing: what is unused shows only behind the last file, in `maskctl.lint.ignores`."""
    return ()
