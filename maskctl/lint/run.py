"""The rules over one file: findings in the order of the lines, each with its fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from maskctl.lint.finding import Finding, Problem
from maskctl.lint.rule import Rule
from maskctl.lint.subject import Subject

if TYPE_CHECKING:
    import hashlib


def lint(subject: Subject, rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Everything the rules find in one file, by line, then by column and rule."""
    found = [(rule, problem) for rule in rules for problem in rule.check(subject)]
    found.sort(key=lambda row: (row[1].span, row[0].name, row[1].message))
    fingerprints = _fingerprints(subject.scan.lines, found)
    return tuple(
        [
            Finding(subject.path, rule.name, rule.severity, problem, fingerprint)
            for (rule, problem), fingerprint in zip(found, fingerprints, strict=True)
        ]
    )


def _fingerprints(lines: Sequence[str], found: Iterable[tuple[Rule, Problem]]) -> Iterator[str]:
    """What tells each finding apart: what it says of which text, not where it stands. They come by line.

    Two findings of one rule on equal lines are told apart by their order.
    """
    seen: dict[bytes, int] = {}
    known: dict[str, hashlib._Hash] = {}  # by rule, on one line: a long line may have many findings of a rule
    number, line, words, count = 0, "", b"", len(lines)
    for rule, problem in found:
        span = problem.span
        if span.line != number:
            number = span.line
            known.clear()
            line = lines[number - 1] if 0 < number <= count else ""
            words = _words(line)
        if line:
            digest = known.get(rule.name)
            if digest is None:
                digest = known[rule.name] = sha256(f"{rule.name}\n".encode() + words)
            digest = digest.copy()
            start = max(span.column - 1, 0)
            digest.update(line[start : start + span.length].encode("utf-8", "surrogateescape"))
        else:
            digest = sha256(f"{rule.name}\n{problem.message}".encode("utf-8", "surrogateescape"))
        told = digest.digest()
        times = seen[told] = seen.get(told, 0) + 1
        digest.update(b"\n%d" % times)
        yield digest.hexdigest()[:16]


def _words(line: str) -> bytes:
    """The words of a line, each with a space behind it."""
    return "".join([f"{word} " for word in line.split()]).encode("utf-8", "surrogateescape")
