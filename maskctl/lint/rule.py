"""The rules: found by name in `rules/`, each with its page."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from maskctl.lint.finding import Problem, Severity
from maskctl.lint.subject import Subject

Check: TypeAlias = Callable[[Subject], Iterable[Problem]]

GROUPS = ("file", "graph", "params", "mask", "weights")
"""What the rules look at, in the order in which files are read."""


@dataclass(frozen=True)
class Rule:
    """A rule: its name, what it looks at, how bad its mistake is, and its page in plain text.

    One that is not `is_default` runs only where its name, its group or "all" is asked for.
    """

    name: str
    group: str
    severity: Severity
    page: str
    check: Check
    is_default: bool = True

    @property
    def summary(self) -> str:
        """The mistake in one sentence."""
        return " ".join(self.page.split("\n\n", 1)[0].split())


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by name, by group and in it by name."""
    package = importlib.import_module("maskctl.lint.rules")
    found = [_rule(entry.name) for entry in pkgutil.iter_modules(package.__path__)]
    return {rule.name: rule for rule in sorted(found, key=lambda rule: (GROUPS.index(rule.group), rule.name))}


def _rule(module_name: str) -> Rule:
    module = importlib.import_module(f"maskctl.lint.rules.{module_name}")
    page = inspect.cleandoc(module.__doc__ or "")
    is_default = getattr(module, "DEFAULT", True)
    return Rule(module_name.replace("_", "-"), module.GROUP, module.SEVERITY, page, module.check, is_default)
