"""Files for lint tests: a `.param` and what lies beside it, written where the test says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from maskctl.lint.conditions import Conditions
from maskctl.lint.example_files import write_example
from maskctl.lint.finding import Finding
from maskctl.lint.page import Example
from maskctl.lint.plan import Asked
from maskctl.lint.session import Session
from maskctl.lint.settings import Settings, conditions_of, parse_settings


def written(folder: Path, param: str | bytes, beside: Mapping[str, str]) -> Path:
    """The path of a `.param`, written with these files beside it (`bin`, `lock`)."""
    text = param if isinstance(param, str) else param.decode("utf-8", "surrogateescape")
    return write_example(folder, Example(is_bad=True, param=text, beside=beside))


def settings_in(beside: Mapping[str, str]) -> Settings:
    """The settings among these files."""
    return parse_settings(beside.get("settings", ""), "maskctl.toml")


def conditions_in(beside: Mapping[str, str]) -> Conditions:
    """What the settings among these files say."""
    return conditions_of(settings_in(beside))


def found(folder: Path, rule: str, param: str | bytes, **beside: str) -> tuple[Finding, ...]:
    """What one rule finds in a `.param` with these files beside it (`bin`, `lock`, `settings`)."""
    path = written(folder, param, beside)
    settings = replace(settings_in(beside), path=str(folder / "maskctl.toml"))
    ignored = [name for ignore in settings.per_file_ignores for name in ignore.names]
    report = Session(Asked(select=(rule, *ignored)), lambda _: settings).lint([str(path)])
    return tuple(finding for finding in report.findings if finding.rule == rule)


def found_in(folder: Path, rule: str, example: Example) -> tuple[Finding, ...]:
    """What one rule finds in an example of a page."""
    return found(folder, rule, example.param, **example.beside)
