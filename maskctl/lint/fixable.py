"""Which rules offer repairs, told by the examples of their pages."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from maskctl.lint.example_files import write_example
from maskctl.lint.files import subject_of
from maskctl.lint.finding import Problem
from maskctl.lint.page import Example, examples
from maskctl.lint.rule import Rule
from maskctl.lint.settings import conditions_of, parse_settings


@cache
def fix_option(rule: Rule) -> str:
    """The option that mends a rule's bad example, "--fix" or "--unsafe-fixes"; "" where no fix is offered.

    Examples that need weights are passed over: nothing in a `.param` mends those.
    """
    found = [
        problem.fix.is_safe
        for example in examples(rule.page)
        if example.is_bad and "bin" not in example.beside
        for problem in _problems(rule, example)
        if problem.fix
    ]
    return "--fix" if any(found) else "--unsafe-fixes" if found else ""


def _problems(rule: Rule, example: Example) -> tuple[Problem, ...]:
    """What the rule finds in an example, with the files beside it."""
    conditions = conditions_of(parse_settings(example.beside.get("settings", ""), "<example>"))
    with tempfile.TemporaryDirectory(prefix="maskctl-lint-") as folder:
        return tuple(rule.check(subject_of(write_example(Path(folder), example), conditions)))
