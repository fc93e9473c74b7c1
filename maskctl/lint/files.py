"""The files that are linted: a `.param` read from disk, and what belongs to it beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from maskctl.errors import InputError
from maskctl.lint.conditions import Conditions
from maskctl.lint.discover import Unreadable
from maskctl.lint.report import FileReport, Report
from maskctl.lint.rule import Rule
from maskctl.lint.run import lint
from maskctl.lint.subject import Subject
from maskctl.param.scan import scan


def subject_of(path: str | Path, conditions: Conditions) -> Subject:
    """The file, with the `.bin` and the lock file beside it; raises `InputError` when it cannot be read."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}.", str(path)) from None
    return subject_from(data, path, conditions)


def subject_from(data: bytes, path: str | Path, conditions: Conditions) -> Subject:
    """The bytes as if they were the file at `path`, with what lies beside that."""
    return Subject(data, scan(data, str(path)), conditions, _beside(path, ".bin"), _beside(path, ".masks.toml"))


def lint_files(paths: Iterable[str], rules: tuple[Rule, ...], conditions: Conditions) -> Report:
    """The rules over every file; a file that cannot be read does not keep the others from it."""
    found = [_report_or_reason(path, rules, conditions) for path in paths]
    files = tuple(row for row in found if isinstance(row, FileReport))
    return Report(files, tuple(row for row in found if isinstance(row, Unreadable)), rules)


def _report_or_reason(path: str, rules: tuple[Rule, ...], conditions: Conditions) -> FileReport | Unreadable:
    try:
        return report_on(subject_of(path, conditions), rules)
    except InputError as error:
        return Unreadable(path, error.problem)


def report_on(subject: Subject, rules: Iterable[Rule]) -> FileReport:
    """The rules over one file."""
    return FileReport(subject.path, subject.scan.lines, lint(subject, rules))


def _beside(path: str | Path, suffix: str) -> Path | None:
    """The file of the same name with another suffix, or None where there is none."""
    other = Path(path).with_suffix(suffix)
    return other if other.is_file() else None
