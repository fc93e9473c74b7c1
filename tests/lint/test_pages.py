"""Every rule's page is true: it fires on what the page calls bad and not on what it calls good."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskctl.lint.fixable import fix_option
from maskctl.lint.page import examples
from maskctl.lint.rule import rules
from tests.lint.linting import found_in


@pytest.mark.parametrize("name", rules())
def test_the_rule_fires_on_its_bad_and_not_on_its_good(name: str, tmp_path: Path) -> None:
    """Each bad example of the page gives a finding and no good one does; there is one of each at least."""
    shown = examples(rules()[name].page)
    assert {True, False} == {example.is_bad for example in shown}
    for number, example in enumerate(shown):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert example.is_bad == bool(found_in(folder, name, example)), example.param


@pytest.mark.parametrize("name", rules())
def test_the_page_says_why(name: str) -> None:
    """A page begins with the mistake in a sentence and then says in another paragraph why it matters."""
    page = rules()[name].page
    assert rules()[name].summary.endswith(".")
    assert len(page.split("\n\nBad:", 1)[0].split("\n\n")) > 1


@pytest.mark.parametrize("name", rules())
def test_fixes_are_told(name: str, tmp_path: Path) -> None:
    """Whether a rule is said to be mended, and by which option, is what its bad examples show."""
    fixes = []
    for number, example in enumerate(examples(rules()[name].page)):
        (tmp_path / str(number)).mkdir()
        fixes += [finding.problem.fix for finding in found_in(tmp_path / str(number), name, example)]
    safe = [fix.is_safe for fix in fixes if fix]
    assert fix_option(rules()[name]) == ("--fix" if any(safe) else "--unsafe-fixes" if safe else "")
