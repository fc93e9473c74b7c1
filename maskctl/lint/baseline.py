"""Findings that are known: a file in which they are written down, so that only new ones are reported."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maskctl.errors import InputError
from maskctl.lint.finding import Finding
from maskctl.lint.report import FileReport, Report

SCHEMA = 1


@dataclass(frozen=True, order=True)
class Known:
    """A known finding: its file, relative to the baseline's folder, its rule and its fingerprint; the message is for readers."""

    path: str
    rule: str
    fingerprint: str
    message: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same finding."""
        return self.path, self.rule, self.fingerprint


def parse_baseline(text: str, path: str) -> tuple[Known, ...]:
    """The findings in the text of a baseline; raises `InputError` for one that is none or of a later version."""
    try:
        document: Any = json.loads(text)
        if document["schema"] != SCHEMA:
            raise InputError(
                f"this baseline has schema {document['schema']!r}. Expected {SCHEMA}; write it again.", path
            )
        return tuple(Known(*(str(row[key]) for key in _KEYS)) for row in document["findings"])
    except (ValueError, RecursionError, KeyError, TypeError):  # a number can be too long, brackets too deep
        raise InputError("this is no baseline. Write one with --write-baseline.", path) from None


_KEYS = ("path", "rule", "fingerprint", "message")


def baseline_text(known: Iterable[Known]) -> str:
    """The text of a baseline; the same findings give the same text."""
    rows = [{key: getattr(row, key) for key in _KEYS} for row in sorted(known)]
    return json.dumps({"schema": SCHEMA, "findings": rows}, indent=2, ensure_ascii=True) + "\n"


def without_known(report: Report, known: Sequence[Known], path: str) -> Report:
    """The report without findings that are in the baseline at `path`, and with a note where some of it are no more."""
    keys = {row.key for row in known}
    found = {_known(finding, path).key for finding in report.findings}

    def new(file: FileReport) -> FileReport:
        left = tuple(finding for finding in file.findings if _known(finding, path).key not in keys)
        return replace(file, findings=left)

    gone = [row for row in _looked_for(known, report, path) if row.key not in found]
    notes = (f"{path}: {_findings(len(gone))} no more. Write it again with --write-baseline.",) if gone else ()
    files, settings = tuple(map(new, report.files)), tuple(map(new, report.settings))
    settings = tuple(file for file in settings if file.findings)
    return replace(report, files=files, settings=settings, notes=(*report.notes, *notes))


def updated(report: Report, known: Sequence[Known], path: str) -> tuple[Known, ...]:
    """What a baseline should hold after this report: what was found, and what was not looked for in files that are there."""
    missed = set(known) - set(_looked_for(known, report, path))
    kept = [row for row in missed if (Path(path).parent / row.path).exists()]
    return (*kept, *(_known(finding, path) for finding in report.findings))


def _findings(count: int) -> str:
    return f"{count:,} known finding{' is' if count == 1 else 's are'}"


def _known(finding: Finding, path: str) -> Known:
    return Known(_relative(finding.path, path), finding.rule, finding.fingerprint, finding.problem.message)


def _looked_for(known: Iterable[Known], report: Report, path: str) -> list[Known]:
    """What the report would tell if it were still there: rules that ran, in files that were linted."""
    looked_at = {_relative(file.path, path) for file in report.everything}
    ran = {rule.name for rule in report.rules}
    return [row for row in known if row.path in looked_at and row.rule in ran]


def _relative(path: str, baseline: str) -> str:
    return Path(os.path.relpath(path, Path(baseline).parent)).as_posix()
