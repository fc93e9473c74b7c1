"""What linting several files came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from maskctl.lint.discover import Unreadable
from maskctl.lint.finding import Finding, Severity
from maskctl.lint.rule import Rule


@dataclass(frozen=True)
class FileReport:
    """One file: its text line by line, and what was found in it."""

    path: str
    lines: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Report:
    """All files that could be read, in their order, those that could not, and the rules that ran on any of them."""

    files: tuple[FileReport, ...]
    unreadable: tuple[Unreadable, ...]
    rules: tuple[Rule, ...]

    @property
    def findings(self) -> Iterator[Finding]:
        """Every finding, file by file."""
        for file in self.files:
            yield from file.findings

    @property
    def counts(self) -> Mapping[Severity, int]:
        """How many findings there are of each severity, the worst first; severities without any are left out."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in Severity if found[severity]}

    def fails(self, *, strict: bool) -> bool:
        """True where something was found that must not be: errors, and with `strict` warnings."""
        return bool(self.counts.get(Severity.ERROR) or (strict and self.counts.get(Severity.WARNING)))
