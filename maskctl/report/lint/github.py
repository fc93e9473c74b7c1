"""Findings as workflow commands of GitHub Actions, which shows them beside the lines.

Source: "Workflow commands for GitHub Actions", and `@actions/core` `command.ts` for what is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from maskctl.lint.finding import Finding, Severity
from maskctl.lint.report import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github(report: Report, place: Callable[[str], str] = str) -> str:
    """A command per finding and per file that could not be linted; `place` is a path as the repository has it."""
    rows = [_command(finding, place) for finding in report.findings]
    rows += [f"::error file={_property(place(failure.path))}::{_data(failure.message)}" for failure in report.failures]
    return "".join(f"{row}\n" for row in rows)


def _command(finding: Finding, place: Callable[[str], str]) -> str:
    properties = ",".join(f"{key}={_property(value)}" for key, value in _properties(finding, place))
    return f"::{_COMMANDS[finding.severity]} {properties}::{_data(f'{finding.problem.message} [{finding.rule}]')}"


def _properties(finding: Finding, place: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    span = finding.problem.span
    yield "file", place(finding.path)
    if span.line:
        yield "line", str(span.line)
    if span.line and span.column:
        yield "col", str(span.column)
        yield "endColumn", str(span.column + max(span.length, 1))
    yield "title", finding.rule


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
