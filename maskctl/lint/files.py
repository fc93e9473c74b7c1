"""The files that are linted: a `.param` read from disk, and what belongs to it beside it."""

from __future__ import annotations

import os
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
    unread: dict[Path, str] = {}
    weights, lock = (_beside(path, suffix, unread) for suffix in (".bin", ".masks.toml"))
    return Subject(data, scan(data, str(path)), conditions, weights, lock, unread)


def _beside(path: str | Path, suffix: str, unread: dict[Path, str]) -> Path | None:
    """The file of the same name with another suffix; one that cannot be opened goes to `unread`. Pipes are left alone."""
    other = Path(path).with_suffix(suffix)
    is_dead = os.path.islink(other) and not os.path.exists(other)
    if not (is_dead or other.is_dir() or other.is_file()):
        return None
    try:
        other.open("rb").close()
    except OSError as error:
        unread[other] = error.strerror or str(error)
        return None
    return other
