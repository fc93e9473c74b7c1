"""Which rules run."""

from __future__ import annotations

import pytest

from maskctl.errors import InputError
from maskctl.lint.rule import rules
from maskctl.lint.select import chosen, selectors

EVERY = set(rules())
DEFAULT = EVERY - {"old-array-spelling"}
GRAPH = {name for name, rule in rules().items() if rule.group == "graph"}


@pytest.mark.parametrize(
    ("select", "ignore", "extend", "expected"),
    [
        ([], [], [], DEFAULT),
        (["all"], [], [], EVERY),
        ([], [], ["old-array-spelling"], EVERY),
        (["all"], ["graph"], [], EVERY - GRAPH),
        (["graph"], [], [], GRAPH),
        (["graph"], ["undefined-blob"], [], GRAPH - {"undefined-blob"}),
        (["undefined-blob"], ["graph"], [], {"undefined-blob"}),
        (["undefined-blob"], ["undefined-blob"], [], set()),
        (["graph"], [], ["unknown-mask-bit"], GRAPH | {"unknown-mask-bit"}),
        ([], ["all"], ["unknown-mask-bit"], {"unknown-mask-bit"}),
        (["undefined-blob"], ["all"], [], {"undefined-blob"}),
    ],
)
def test_chosen(select: list[str], ignore: list[str], extend: list[str], expected: set[str]) -> None:
    """The closer name counts: a rule's own before its group's before all; what is added runs whatever is ignored.

    Where nothing is selected, rules that are not on by default do not run.
    """
    assert expected == {rule.name for rule in chosen(select, ignore, extend)}


def test_unknown_name() -> None:
    """A name that is no rule and no group is refused with the nearest."""
    with pytest.raises(InputError, match=r"--select names 'undefind-blob', .* Did you mean 'undefined-blob'\?"):
        selectors(["graph", "undefind-blob"], "--select")
