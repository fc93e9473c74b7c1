"""Which settings hold for a file: those of the nearest settings file, from its folder upwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from maskctl.errors import InputError
from maskctl.lint.settings import OWN_FILE, PROJECT_FILE, Settings, has_settings, parse_settings


def settings_finder() -> Callable[[str], Settings]:
    """Gives the settings for a file that is linted, and reads each settings file once.

    It raises `InputError` for a settings file that cannot be read or understood. In one folder a `maskctl.toml` goes
    before a `pyproject.toml`; a `pyproject.toml` that says nothing about linting is passed over.
    """

    @cache
    def of_folder(folder: Path) -> Settings:
        own, project = folder / OWN_FILE, folder / PROJECT_FILE
        if own.is_file():
            return load_settings(str(own))
        if project.is_file() and has_settings(_text(str(project))):
            return load_settings(str(project))
        return none if folder == folder.parent else of_folder(folder.parent)

    none = Settings()
    return lambda path: of_folder(Path(os.path.abspath(path)).parent)


def load_settings(path: str) -> Settings:
    """The settings in a file; raises `InputError` when it cannot be read or understood."""
    shown = os.path.relpath(path)
    return parse_settings(_text(path), path if shown.startswith("..") else shown)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")  # which some editors on Windows write
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is not UTF-8 ({error.reason})"
        raise InputError(f"cannot read the settings: {reason}.", path) from None
