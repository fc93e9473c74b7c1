"""Fixes mend what they are for, and break nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from maskctl.lint.editing import edited
from maskctl.lint.files import subject_of
from maskctl.lint.finding import Finding
from maskctl.lint.page import Example, examples
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from tests.lint.linting import conditions_in, written

BAD = [
    pytest.param(name, example, id=f"{name}-{number}")
    for name, rule in rules().items()
    for number, example in enumerate(examples(rule.page))
    if example.is_bad
]


def all_found(path: Path, example: Example, name: str) -> tuple[Finding, ...]:
    """What a rule, and those that are on by default, find in a file under the conditions of an example."""
    chosen = [rule for rule in rules().values() if rule.is_default or rule.name == name]
    return lint(subject_of(path, conditions_in(example.beside)), chosen)


@pytest.mark.parametrize(("name", "example"), BAD)
def test_a_fix_mends_its_finding_and_breaks_nothing(name: str, example: Example, tmp_path: Path) -> None:
    """After the fix of a page's bad example its finding is gone, and no rule finds what it did not find before."""
    path = written(tmp_path, example.param, example.beside)
    before = all_found(path, example, name)
    for finding in before:
        if finding.rule != name or not finding.problem.fix:
            continue
        lines = subject_of(path, conditions_in(example.beside)).scan.lines
        text = edited(lines, finding.problem.fix.edits)
        again = written(tmp_path, text, example.beside)
        after = all_found(again, example, name)
        assert finding.fingerprint not in {other.fingerprint for other in after}
        assert Counter() == _by_rule(after) - _by_rule(before)
        written(tmp_path, example.param, example.beside)


def _by_rule(findings: tuple[Finding, ...]) -> Counter[str]:
    return Counter(finding.rule for finding in findings)
