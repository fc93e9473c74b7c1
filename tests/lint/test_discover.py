"""Which files are meant by names, folders and patterns."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from maskctl.lint.discover import discover


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Some files in folders, one of them hidden, in the current folder."""
    for name in ("b.param", "a.param", "a.bin", "sub/c.param", "sub/deep/d.param", ".git/e.param", "x[1].param"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "link.param").symlink_to(tmp_path / "a.param")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["."], ["a.param", "b.param", "x[1].param", "sub/c.param", "sub/deep/d.param"]),
        (["sub", "./sub/c.param", "b.param"], ["sub/c.param", "sub/deep/d.param", "b.param"]),
        (["**/d*.param"], ["sub/deep/d.param"]),
        (["s*"], ["sub/c.param", "sub/deep/d.param"]),
        (["x[1].param"], ["x[1].param"]),
        (["link.param", "a.param"], ["link.param"]),
        (["a.bin"], ["a.bin"]),
    ],
)
def test_files(paths: list[str], expected: list[str]) -> None:
    """Folders are searched without hidden ones, patterns matched, a file is there once, and the order follows from the names."""
    assert (tuple(expected), ()) == discover(paths)


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("sub/e.param", "sub/e.param: there is no such file or folder. Did you mean 'c.param'?"),
        ("sbu", "sbu: there is no such file or folder. Did you mean 'sub'?"),
        ("*.txt", "*.txt: no file matches this pattern. Give another one, or the names of the files."),
        (
            "zzzzzz/q",
            "zzzzzz/q: there is no such file or folder. Give the name of a .param file, or of a folder with some.",
        ),
    ],
)
def test_nothing(path: str, message: str) -> None:
    """A path that means no file is told, with what it nearly is."""
    files, (missing,) = discover([path, "b.param"])
    assert (("b.param",), message) == (files, str(missing))


def test_dead_link(tmp_path: Path) -> None:
    """A link to nothing, or to itself, is told as such and not as a file that might be called otherwise."""
    link = tmp_path / "net.param"
    link.symlink_to(link)
    message = "this is a link to a file that is not there. Mend the link, or give the name of the file."
    assert [message] == [missing.message for missing in discover([str(link)])[1]]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(("path", "files"), [(".", ("a.param", "b.param", "x[1].param")), ("sub", ())])
def test_closed_folder(path: str, files: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be read is told, so that nobody takes its files for linted; those beside it are found."""
    scandir = os.scandir

    def closed(place: str) -> Any:
        if os.path.normpath(place) == "sub":
            raise PermissionError(errno.EACCES, "Permission denied", place)
        return scandir(place)

    monkeypatch.setattr(os, "scandir", closed)
    found, failures = discover([path])
    assert (files, ["sub: cannot read the folder: Permission denied."]) == (found, [str(one) for one in failures])


def test_empty_folder(tmp_path: Path) -> None:
    """A folder without any .param in it is no success."""
    message = "there is no *.param file in this folder. Give another one, or the names of the files."
    assert [message] == [missing.message for missing in discover([str(tmp_path)])[1]]
