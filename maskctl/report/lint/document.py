"""Findings as JSON. The schema is docs/schemas/lint.json and versioned by `schema`."""

from __future__ import annotations

from typing import Any

from maskctl.lint.finding import Finding, Fix, Severity
from maskctl.lint.report import Report

SCHEMA = 1


def lint_to_json(report: Report, version: str) -> dict[str, Any]:
    """What was found in which files, the findings one by one, for `json_pieces`; `version` is that of maskctl."""
    return {
        "schema": SCHEMA,
        "version": version,
        "files": [{"path": file.path, "fixed": len(file.fixed)} for file in report.files],
        "counts": {severity.value: report.counts.get(severity, 0) for severity in Severity},
        "fails": report.fails,
        "failures": [{"path": failure.path, "message": failure.message} for failure in report.failures],
        "notes": list(report.notes),
        "findings": map(_finding, report.findings),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    problem, span = finding.problem, finding.problem.span
    return {
        "path": finding.path,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": problem.message,
        "layer": problem.layer or None,
        "line": span.line or None,
        "column": span.column or None,
        "end_column": span.column + span.length if span.length else None,
        "fingerprint": finding.fingerprint,
        "fix": _fix(problem.fix) if problem.fix else None,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [{"line": edit.line, "start": edit.start, "end": edit.end, "text": edit.text} for edit in fix.edits]
    return {"what": fix.what, "safe": fix.is_safe, "edits": edits}
