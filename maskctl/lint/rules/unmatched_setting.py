"""The settings name files or blobs that there are none of.

A pattern of `per-file-ignores` that no file matches ignores nothing, and a blob under `shapes` or `ranges` that no file has
leaves the rules that need its shape or range without it: mostly a name is misspelled, or was changed. A pattern is held
against every file in the settings file's folder and below, also where only one of them is linted. A blob is told when all
`.param` files there were linted, and all of their lines could be read.

Bad:
    7767517
    2 2
    Input  data  0 1 data
    ReLU   relu  1 1 data relu

Bad settings:
    [lint]
    shapes = { dat = [3, 4, 4] }

Good:
    7767517
    2 2
    Input  data  0 1 data
    ReLU   relu  1 1 data relu

Good settings:
    [lint]
    shapes = { data = [3, 4, 4] }

Bad:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu 31=256

Bad settings:
    [lint.per-file-ignores]
    "nett.param" = ["unknown-mask-bit"]

Good:
    7767517
    2 2
    Input  data  0 1 data 0=4 1=4 2=3
    ReLU   relu  1 1 data relu 31=256

Good settings:
    [lint.per-file-ignores]
    "net.param" = ["unknown-mask-bit"]
"""

from __future__ import annotations

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

GROUP = "file"
SEVERITY = Severity.WARNING


def check(_: Subject) -> tuple[Problem, ...]:
    """Nothing: what nobody has shows only behind the last file, in `maskctl.lint.unmatched`."""
    return ()
