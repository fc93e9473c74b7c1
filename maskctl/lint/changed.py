"""Which `.param` files a change concerns, where what has changed may be a file that is read with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from maskctl.errors import InputError
from maskctl.lint.discover import SUFFIX, below
from maskctl.lint.settings import OWN_FILE, PROJECT_FILE, Settings

_BESIDE = (SUFFIX, ".bin", ".masks.toml")
"""How the names of files end that belong together."""


def concerned(paths: Iterable[str], settings_for: Callable[[str], Settings]) -> tuple[str, ...]:
    """The `.param` files that are among the paths, lie beside a `.bin` or a lock, or have their settings in one of them.

    Each is there once, in the order of the paths. Any other file concerns none, nor does one whose `.param` is not there:
    not every `.bin` has weights. Raises `InputError` for a folder, of which nobody knows what has changed in it, and for
    settings that cannot be read.
    """
    found: dict[str, str] = {}
    for path in paths:
        if os.path.isdir(path):
            raise InputError(
                f"--changed takes files that have changed, and '{path}' is a folder. Give files, or leave --changed off."
            )
        for file in _concerned(path, settings_for):
            if os.path.isfile(file):
                found.setdefault(os.path.realpath(file), os.path.normpath(file))
    return tuple(found.values())


def none_there(paths: Sequence[str]) -> tuple[str, ...]:
    """A note where there are paths and none is of a file; one that is gone, but not all, is usual in a diff."""
    if not paths or any(map(os.path.exists, paths)):
        return ()
    first = f"none of the changed files is there, '{paths[0]}' the first, so none is linted."
    return (f"{first} Names are taken from this folder on, as `git diff --name-only --relative` gives them.",)


def _concerned(path: str, settings_for: Callable[[str], Settings]) -> Iterator[str]:
    folder, name = os.path.split(path)
    if name in {OWN_FILE, PROJECT_FILE}:
        own = os.path.abspath(path)
        yield from (file for file in below(folder or ".") if os.path.abspath(settings_for(file).path) == own)
    for suffix in _BESIDE:
        if name.endswith(suffix):
            yield path.removesuffix(suffix) + SUFFIX
