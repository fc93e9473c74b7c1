"""Findings for people: one line each, or with the line of the file and a mark under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from maskctl.lint.finding import Finding
from maskctl.lint.report import FileReport, Report
from maskctl.report.lint.snippet import snippet

Paint = Callable[[str, str], str]
"""A text and what it is (a severity, "place", "rule", "mark" or "quiet") → the text in its colour."""


def plain(text: str, _: str) -> str:
    """No colour."""
    return text


def concise(report: Report) -> str:
    """One line per finding."""
    return "".join(f"{finding}\n" for finding in report.findings)


def full(report: Report, width: int, paint: Paint = plain) -> str:
    """Each finding with its line, the characters that are meant, and what would mend it."""
    parts = [
        "\n".join(_full_lines(file, finding, width, paint)) for file in report.everything for finding in file.findings
    ]
    return "\n\n".join(parts) + "\n" * bool(parts)


def _full_lines(file: FileReport, finding: Finding, width: int, paint: Paint) -> Iterator[str]:
    span, fix = finding.problem.span, finding.problem.fix
    severity = finding.severity.value
    place = ":".join([finding.path, *(str(number) for number in (span.line, span.column) if number)])
    yield f"{paint(place, 'place')}: {paint(severity, severity)}: {finding.problem.message} {paint(f'[{finding.rule}]', 'rule')}"
    number = str(span.line)
    margin = " " * len(number)
    if 0 < span.line <= len(file.lines):
        text, marks = snippet(file.lines[span.line - 1], span, max(width - len(number) - 4, 20))
        yield f" {paint(f'{number} |', 'quiet')} {text}".rstrip()
        yield f" {paint(f'{margin} |', 'quiet')} {paint(marks, 'mark')}"
    if fix:
        option = "--fix" if fix.is_safe else "--fix --unsafe-fixes"
        yield f" {paint(f'{margin} =', 'quiet')} {option} would {fix.what}"
