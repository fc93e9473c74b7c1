"""The files that are linted: a `.param` read from disk, and what belongs to it beside it."""

from __future__ import annotations

from pathlib import Path

from maskctl.errors import InputError
from maskctl.lint.conditions import Conditions
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


def _beside(path: str | Path, suffix: str) -> Path | None:
    """The file of the same name with another suffix, or None where there is none."""
    other = Path(path).with_suffix(suffix)
    return other if other.is_file() else None
