"""The rules over one file: findings in the order of the lines, each with its fingerprint."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from maskctl.lint.finding import Finding, Problem
from maskctl.lint.rule import Rule
from maskctl.lint.subject import Subject


def lint(subject: Subject, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Everything the rules find in one file, by line, then by column and rule."""
    found = [
        Finding(subject.path, rule.name, rule.severity, problem) for rule in rules for problem in rule.check(subject)
    ]
    found.sort(key=lambda finding: (finding.problem.span, finding.rule, finding.problem.message))
    return tuple(_fingerprinted(subject, found))


def _fingerprinted(subject: Subject, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings told apart by what they say of which text, not by where it stands.

    Two findings of one rule on equal lines are told apart by their order.
    """
    seen = Counter[str]()
    for finding in findings:
        told = f"{finding.rule}\n{_about(subject, finding.problem)}"
        seen[told] += 1
        digest = hashlib.sha256(f"{told}\n{seen[told]}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
        yield Finding(finding.path, finding.rule, finding.severity, finding.problem, digest)


def _about(subject: Subject, problem: Problem) -> str:
    """The text a problem is about: the words of its line, or its message where it is about the file."""
    number = problem.span.line
    if not 0 < number <= len(subject.scan.lines):
        return problem.message
    line, start = subject.scan.lines[number - 1], max(problem.span.column - 1, 0)
    return " ".join([*line.split(), line[start : start + problem.span.length]])
