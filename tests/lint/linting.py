"""Files for lint tests: a `.param` and what lies beside it, written where the test says."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from maskctl.graph.network import build
from maskctl.lint.conditions import Conditions
from maskctl.lint.finding import Finding
from maskctl.lint.page import Example
from maskctl.lint.plan import Asked
from maskctl.lint.session import Session
from maskctl.lint.settings import Settings, conditions_of, parse_settings
from maskctl.lock import lock_of, to_text
from maskctl.param import parse


def written(folder: Path, param: str | bytes, beside: Mapping[str, str]) -> Path:
    """The path of a `.param`, written with these files beside it (`bin`, `lock`)."""
    path = folder / "net.param"
    path.write_bytes(param.encode("utf-8", "surrogateescape") if isinstance(param, str) else param)
    if "bin" in beside:
        words = [float(word) for word in beside["bin"].split()]
        path.with_suffix(".bin").write_bytes(struct.pack(f"<{len(words)}f", *words))
    if "lock" in beside:
        locked = lock_of(build(parse(beside["lock"].encode())))
        path.with_suffix(".masks.toml").write_text(to_text(locked), encoding="utf-8")
    return path


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
