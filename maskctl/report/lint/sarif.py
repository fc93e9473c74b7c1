"""Findings as SARIF 2.1.0, the format that code scanning services read.

Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from maskctl.lint.finding import Edit, Finding, Severity, Span
from maskctl.lint.page import as_markdown, prose
from maskctl.lint.report import FileReport, Report
from maskctl.lint.rule import Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ROOT = "%SRCROOT%"

_Place = Callable[[str], str]


def sarif(report: Report, version: str, place: _Place = str) -> dict[str, Any]:
    """The log, with one run and in it the results one by one, for `json_pieces`; `version` is that of maskctl.

    `place` gives a path as the repository has it.
    """
    numbers = {rule.name: number for number, rule in enumerate(report.rules)}
    results = (_result(finding, file, numbers, place) for file in report.everything for finding in file.findings)
    driver = {"name": "maskctl", "version": version, "rules": [_rule(rule) for rule in report.rules]}
    notifications = [
        {
            "level": "error",
            "message": {"text": _legal(failure.message)},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(failure.path, place)}}],
        }
        for failure in report.failures
    ]
    invocation = {"executionSuccessful": not report.failures, "toolExecutionNotifications": notifications}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": iter((run,))}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": " ".join(prose(rule.page).split())},
        "help": {"text": rule.page, "markdown": as_markdown(rule.page)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.group]},
    }


def _result(finding: Finding, file: FileReport, numbers: dict[str, int], place: _Place) -> dict[str, Any]:
    problem = finding.problem
    physical = {"artifactLocation": _artifact(finding.path, place), "region": _region(problem.span)}
    location: dict[str, Any] = {"physicalLocation": physical}
    if problem.layer:
        location["logicalLocations"] = [{"name": _legal(problem.layer), "kind": "layer"}]
    fixes = _fixes(finding, file, place)
    return {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": _legal(problem.message)},
        "locations": [location],
        "partialFingerprints": {
            "maskctlFinding/v1": finding.fingerprint,
            "primaryLocationLineHash": finding.fingerprint,
        },
        **({"fixes": fixes} if fixes else {}),
    }


def _region(span: Span) -> dict[str, int]:
    """The characters meant; the first line for the whole file, for which viewers know no place."""
    if not span.line:
        return {"startLine": 1}
    if not span.length:
        return {"startLine": span.line}
    return {"startLine": span.line, "startColumn": span.column, "endColumn": span.column + span.length}


def _fixes(finding: Finding, file: FileReport, place: _Place) -> list[dict[str, Any]]:
    """The fix as replacements; none where its text is not Unicode, which SARIF cannot hold."""
    fix = finding.problem.fix
    if fix is None or any(_legal(edit.text) != edit.text for edit in fix.edits):
        return []
    replacements = [_replacement(edit, file.lines) for edit in fix.edits]
    change = {"artifactLocation": _artifact(finding.path, place), "replacements": replacements}
    return [{"description": {"text": _legal(fix.what)}, "artifactChanges": [change]}]


def _replacement(edit: Edit, lines: Sequence[str]) -> dict[str, Any]:
    """An edit whose end lies behind the line's end ends where the next line begins."""
    region = {"startLine": edit.line, "startColumn": edit.start + 1, "endLine": edit.line, "endColumn": edit.end + 1}
    if edit.line <= len(lines) and edit.end > len(lines[edit.line - 1].rstrip("\r\n")):
        region |= {"endLine": edit.line + 1, "endColumn": 1}
    return {"deletedRegion": region, **({"insertedContent": {"text": edit.text}} if edit.text else {})}


def _artifact(path: str, place: _Place) -> dict[str, str]:
    """A file by its URI: relative to the sources, or whole where it lies elsewhere."""
    found = place(path).replace(os.sep, "/")
    uri = quote(found.encode("utf-8", "surrogateescape"), safe="/~")
    return {"uri": f"file://{uri}"} if found.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}


def _legal(text: str) -> str:
    """The text with bytes that are no UTF-8 written by number."""
    return text.encode("utf-8", "backslashreplace").decode()
