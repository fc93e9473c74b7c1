"""Which files are meant: names, folders and globs as a list of files, each once."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from maskctl.errors import did_you_mean

SUFFIX = ".param"


@dataclass(frozen=True)
class Failure:
    """A path that cannot be linted, and why."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def discover(paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[Failure, ...]]:
    """The files that the paths mean, in their order and in folders by name, and the paths that mean none.

    A folder means every `*.param` in and below it, but for folders whose names begin with a dot. A name that is there is
    never read as a glob. A file with two names, links included, is there under its first. A folder that cannot be read is
    a path that means none, also where it lies in another one.
    """
    files: dict[str, str] = {}
    missing: list[Failure] = []

    def closed(error: OSError) -> None:
        missing.append(Failure(os.path.normpath(str(error.filename)), f"cannot read the folder: {error.strerror}."))

    for path in paths:
        before = len(missing)
        found = list(_files(path, closed))
        if not found and len(missing) == before:
            missing.append(Failure(path, _why_not(path)))
        for file in found:
            files.setdefault(os.path.realpath(file), os.path.normpath(file))
    return tuple(files.values()), tuple(missing)


def _files(path: str, closed: Callable[[OSError], object]) -> Iterator[str]:
    if os.path.isdir(path):
        yield from below(path, closed)
    elif os.path.exists(path):
        yield path
    elif glob.has_magic(path):
        for match in sorted(glob.glob(path, recursive=True)):
            yield from below(match, closed) if os.path.isdir(match) else [match]


def below(folder: str, closed: Callable[[OSError], object] | None = None) -> Iterator[str]:
    """The `.param` files in a folder and the folders in it, a folder's own files first.

    Folders that cannot be read are passed over, and told to `closed`.
    """
    for place, folders, names in os.walk(folder, onerror=closed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(place, name) for name in sorted(names) if name.endswith(SUFFIX))


def _why_not(path: str) -> str:
    if os.path.isdir(path):
        return f"there is no *{SUFFIX} file in this folder. Give another one, or the names of the files."
    if os.path.islink(path):
        return "this is a link to a file that is not there. Mend the link, or give the name of the file."
    if glob.has_magic(path):
        return "no file matches this pattern. Give another one, or the names of the files."
    near = did_you_mean(Path(path).name, _neighbours(Path(path).parent))
    return f"there is no such file or folder. {near or 'Give the name of a .param file, or of a folder with some.'}"


def _neighbours(folder: Path) -> list[str]:
    """What might have been meant in a folder: its `.param` files and its folders."""
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(SUFFIX) or entry.is_dir())
    except OSError:
        return []
