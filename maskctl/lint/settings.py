"""What a `maskctl.toml`, or `[tool.maskctl]` in a `pyproject.toml`, says about linting."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from maskctl.errors import InputError
from maskctl.lint.conditions import Conditions
from maskctl.targets import DEFAULT, TARGETS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Settings = Mapping[str, Any]


def parse_settings(text: str, path: str) -> Settings:
    """The `[lint]` table of a settings file; raises `InputError` with the place for text that is no TOML."""
    try:
        settings: Settings = tomllib.loads(text).get("lint", {})
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"this is no TOML: {error}.", path) from None
    return settings


def conditions_of(settings: Settings) -> Conditions:
    """What the files are held against."""
    return Conditions(
        target=TARGETS.get(settings.get("target", ""), DEFAULT),
        runtime=int(str(settings.get("runtime", "0")).split(".")[-1]),
        ranges={blob: ((float(low), float(high)),) for blob, (low, high) in settings.get("ranges", {}).items()},
    )
