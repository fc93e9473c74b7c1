"""The rules over one file: findings in the order of the lines, each with its fingerprint."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

from maskctl.lint.finding import Finding
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
    seen = Counter[bytes]()
    for finding in findings:
        digest = _told(subject, finding)
        told = digest.digest()
        seen[told] += 1
        digest.update(f"\n{seen[told]}".encode())
        yield Finding(finding.path, finding.rule, finding.severity, finding.problem, digest.hexdigest()[:16])


def _told(subject: Subject, finding: Finding) -> hashlib._Hash:
    """The rule and the text its problem is about: the words of the line, or the message where it is about the file."""
    span = finding.problem.span
    if not 0 < span.line <= len(subject.scan.lines):
        return hashlib.sha256(_bytes(f"{finding.rule}\n{finding.problem.message}"))
    line, start = subject.scan.lines[span.line - 1], max(span.column - 1, 0)
    digest = _of_line(finding.rule, line).copy()
    digest.update(_bytes(line[start : start + span.length]))
    return digest


@lru_cache(maxsize=8)
def _of_line(rule: str, line: str) -> hashlib._Hash:
    """What all findings of a rule on a line have in common: a long line may have many."""
    return hashlib.sha256(_bytes(f"{rule}\n" + "".join(f"{word} " for word in line.split())))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
