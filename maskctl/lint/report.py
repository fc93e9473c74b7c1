"""What linting several files came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from maskctl.lint.discover import Failure
from maskctl.lint.finding import Finding, Severity
from maskctl.lint.rule import Rule


@dataclass(frozen=True)
class FileReport:
    """One file: what was found in it, and its text line by line.

    Where it was repaired that is so of the repaired text; `source` is what it was before, and `fixed` what was mended.
    `is_strict` is True where its warnings fail.
    """

    path: str
    lines: Sequence[str]
    findings: tuple[Finding, ...]
    source: bytes = b""
    fixed: tuple[Finding, ...] = ()
    is_strict: bool = False

    def must_not_be(self, finding: Finding) -> bool:
        """True for a finding of this file that makes the whole fail."""
        return finding.severity is Severity.ERROR or (self.is_strict and finding.severity is Severity.WARNING)

    @property
    def text(self) -> bytes:
        """The text that was linted last; the source itself where nothing was mended."""
        return "".join(self.lines).encode("utf-8", "surrogateescape") if self.fixed else self.source


@dataclass(frozen=True)
class Report:
    """All files that could be linted, in their order, those that could not, and the rules that ran on any of them.

    `settings` are the settings files in which something was found. `notes` are told beside the findings.
    """

    files: tuple[FileReport, ...]
    failures: tuple[Failure, ...]
    rules: tuple[Rule, ...]
    settings: tuple[FileReport, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def everything(self) -> tuple[FileReport, ...]:
        """The files and the settings."""
        return (*self.files, *self.settings)

    @property
    def findings(self) -> Iterator[Finding]:
        """Every finding, file by file."""
        for file in self.everything:
            yield from file.findings

    @property
    def fixed(self) -> tuple[Finding, ...]:
        """Everything that was mended, file by file."""
        return tuple(finding for file in self.files for finding in file.fixed)

    @property
    def counts(self) -> Mapping[Severity, int]:
        """How many findings there are of each severity, the worst first; severities without any are left out."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in Severity if found[severity]}

    @property
    def fails(self) -> bool:
        """True where something was found that must not be: an error, or a warning in a file whose warnings fail."""
        return any(file.must_not_be(finding) for file in self.everything for finding in file.findings)
