"""Findings that the settings ignore in some files or on some layers, and ignores that nothing needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from maskctl.lint.finding import Finding, Problem
from maskctl.lint.path_globs import path_matches
from maskctl.lint.reach import Reach
from maskctl.lint.rule import Rule, rules
from maskctl.lint.select import matches
from maskctl.lint.settings import Ignore

UNUSED = "unused-ignore"


class Ignores:
    """The ignores of one settings file, which remember which rules ran and what they took away."""

    def __init__(self, reach: Reach) -> None:
        self._reach, self._settings = reach, reach.settings
        self._ran: set[str] = set()
        self._used: set[tuple[Ignore, str]] = set()

    def kept(self, findings: Iterable[Finding], path: str, ran: Iterable[Rule]) -> tuple[Finding, ...]:
        """The findings in the file at `path`, by the rules that ran, that are not ignored there."""
        if not self._settings.per_file_ignores:
            return tuple(findings)
        place = self._reach.saw(path)
        self._ran.update(rule.name for rule in ran)
        here = [ignore for ignore in self._settings.per_file_ignores if path_matches(place, ignore.glob)]
        return tuple(finding for finding in findings if not self._is_ignored(finding, here))

    def _is_ignored(self, finding: Finding, here: Iterable[Ignore]) -> bool:
        found = [
            (ignore, name)
            for ignore in here
            if _is_of(finding, ignore)
            for name in ignore.names
            if matches(rules()[finding.rule], [name])
        ]
        self._used.update(found)
        return bool(found)

    def unused(self, rule: Rule) -> Iterator[Finding]:
        """Every rule of an entry that took no finding away, where all files that the entry is about were linted."""
        for ignore in self._settings.per_file_ignores:
            files = [place for place in self._reach.seen if path_matches(place, ignore.glob)]
            idle = [name for name in ignore.names if (ignore, name) not in self._used and self._has_run(name)]
            if files and idle and not self._others(ignore):
                for name in idle:
                    yield self._finding(rule, ignore, name)

    def _has_run(self, name: str) -> bool:
        """True where every rule that the name stands for ran, but for those that run only by their own name."""
        meant = [rule for rule in rules().values() if matches(rule, [name]) and (rule.is_default or rule.name == name)]
        return all(rule.name in self._ran for rule in meant)

    def _others(self, ignore: Ignore) -> bool:
        """True where the entry is about files that were not linted."""
        return any(path_matches(place, ignore.glob) for place in self._reach.left())

    def _finding(self, rule: Rule, ignore: Ignore, name: str) -> Finding:
        where = (
            f"on layers '{ignore.layer_glob}' of files '{ignore.glob}'"
            if ignore.layer_glob
            else f"in files '{ignore.glob}'"
        )
        problem = Problem(
            f"'{name}' is ignored {where}, and there is nothing to ignore. Take it out.", self._reach.span(ignore.key)
        )
        return Finding(self._settings.path, rule.name, rule.severity, problem, f"{ignore.key} {name}")


def _is_of(finding: Finding, ignore: Ignore) -> bool:
    layer = finding.problem.layer
    return not ignore.layer_glob or bool(layer and fnmatchcase(layer, ignore.layer_glob))
