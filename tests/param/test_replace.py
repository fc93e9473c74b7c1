"""A file replaced in one step: killed at any moment, beside other writers, with everything that belongs to a file kept."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from maskctl.param.replace import replace_file
from tests.cli.driver import environment
from tests.param.writers import OLD

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files, locks or signals")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file alone in its folder."""
    found = tmp_path / "net.param"
    found.write_bytes(OLD)
    return found


def _writers(*arguments: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.param.writers", *arguments]
    return subprocess.Popen(program, env=environment(), stdout=subprocess.PIPE, text=True)


@posix
def test_killed_at_any_moment(path: Path) -> None:
    """200 writers killed at random moments leave the old or the new file whole, and at most one temporary file, swept in the end."""
    out, _ = _writers("kill", str(path), "200").communicate()
    seen = json.loads(out)
    whole = seen["old"] + seen["new"]
    assert (200, 200, 0) == (seen["killed"], whole, seen["torn"])
    assert (1, 0) == (seen["most left over"], seen["left in the end"])
    assert min(seen["old"], seen["new"], seen["in the middle"]) > 0, "the moments were not random enough to tell"


@posix
def test_others_temporary_files_stay(path: Path) -> None:
    """Only a temporary file that nobody holds is swept away: not that of a writer at work, and nothing with another name."""
    import fcntl

    dead, at_work, other = (
        path.with_name(name) for name in (".maskctl-12345678.tmp", ".maskctl-abcdefgh.tmp", ".x.tmp")
    )
    link = path.with_name(".maskctl-87654321.tmp")
    for file in (dead, at_work, other):
        file.write_bytes(b"")
    link.symlink_to(other)
    with at_work.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        replace_file(path, b"1")
        assert sorted([at_work.name, other.name, link.name, path.name]) == sorted(os.listdir(path.parent))
    replace_file(path, b"2")
    assert sorted([other.name, link.name, path.name]) == sorted(os.listdir(path.parent))


@posix
def test_sweeper_in_between(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer whose temporary file is swept away before it could lock it takes another one."""
    import fcntl

    flock, swept = fcntl.flock, list[str]()

    def sweep_first(handle: int, how: int) -> None:
        if not swept:
            swept.extend(name for name in os.listdir(path.parent) if name.startswith(".maskctl-"))
            path.with_name(swept[0]).unlink()
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", sweep_first)
    replace_file(path, b"new")
    assert (1, b"new", [path.name]) == (len(swept), path.read_bytes(), os.listdir(path.parent))


def test_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files cannot be locked one is replaced all the same, and temporary files of others stay."""
    stays = path.with_name(".maskctl-12345678.tmp")
    stays.write_bytes(b"")
    monkeypatch.setattr("maskctl.param.replace.fcntl", None)
    replace_file(path, b"new")
    assert (b"new", {path.name, stays.name}) == (path.read_bytes(), set(os.listdir(path.parent)))


@posix
def test_disk_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that refuses locks, as some network disks do, is no reason to refuse a write."""
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    replace_file(path, b"new")
    assert (b"new", [path.name]) == (path.read_bytes(), os.listdir(path.parent))


def test_stopped_at_the_last_moment(path: Path) -> None:
    """What `ready` raises passes through, with the file as it was and no temporary file."""

    def stop() -> None:
        raise OSError("not now")

    with pytest.raises(OSError, match="not now"):
        replace_file(path, b"new", ready=stop)
    assert (OLD, [path.name]) == (path.read_bytes(), os.listdir(path.parent))


@posix
def test_hard_link_is_parted(path: Path) -> None:
    """Another hard link keeps the old content: the name that was written is a file of its own afterwards."""
    other = path.with_name("other.param")
    os.link(path, other)
    replace_file(path, b"new")
    assert (b"new", OLD, 1) == (path.read_bytes(), other.read_bytes(), other.stat().st_nlink)


@posix
def test_group_of_the_file_in_a_folder_that_gives_its_own(path: Path) -> None:
    """In a set-group-id folder a file keeps its own group and bits, and a new file gets the folder's group."""
    try:
        os.chown(path, -1, 4321)
        os.chown(path.parent, -1, 1234)
    except PermissionError:
        pytest.skip("this user cannot give files to other groups")
    path.parent.chmod(0o2775)
    path.chmod(0o664)
    replace_file(path, b"new")
    replace_file(path.with_name("made"), b"")
    assert (4321, 0o664) == (path.stat().st_gid, stat.S_IMODE(path.stat().st_mode))
    assert 1234 == path.with_name("made").stat().st_gid


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this system has no extended attributes")
def test_attributes_and_access_list_kept(path: Path) -> None:
    """Extended attributes of the user are kept, and the access list: the file's own, not the one its folder would give."""
    # Version 2: owner rw, user 1234 r, group r, mask r, others none.
    entries = [(1, 6, -1), (2, 4, 1234), (4, 4, -1), (16, 4, -1), (32, 0, -1)]
    listed = b"\2\0\0\0" + b"".join(
        tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + (who & 0xFFFFFFFF).to_bytes(4, "little")
        for tag, bits, who in entries
    )
    plain = path.with_name("plain")
    plain.write_bytes(b"")
    try:
        os.setxattr(path, "user.note", b"mine")
        os.setxattr(path, "system.posix_acl_access", listed)
        os.setxattr(path.parent, "system.posix_acl_default", listed)
    except OSError as error:
        pytest.skip(f"this disk keeps no attributes or access lists: {error.strerror}")
    for file in (path, plain):
        replace_file(file, b"new")
    assert (b"mine", listed) == (os.getxattr(path, "user.note"), os.getxattr(path, "system.posix_acl_access"))
    assert [] == os.listxattr(plain)


def _read_only_folder(folder: Path) -> str:
    (folder / "net.param").chmod(0o666)
    folder.chmod(0o555)
    return "Permission denied"


def _read_only_file(folder: Path) -> str:
    (folder / "net.param").chmod(0o444)
    folder.chmod(0o777)
    return "the file is read-only"


@posix
@pytest.mark.parametrize("make", [_read_only_folder, _read_only_file])
def test_refused_to_a_plain_user(tmp_path_factory: pytest.TempPathFactory, make: Callable[[Path], str]) -> None:
    """In a read-only folder, and over a read-only file, a user who is not root gets an error and the file stays."""
    folder = tmp_path_factory.mktemp("shared")
    path = folder / "net.param"
    path.write_bytes(OLD)
    expected = make(folder)
    before = os.getcwd()
    os.chdir(folder)  # the folders above are closed to other users
    child = os.fork()
    if not child:
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            replace_file(Path("net.param"), b"new")
        except PermissionError as error:
            os._exit(0 if error.strerror == expected else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    os.chdir(before)
    assert 0 == os.waitstatus_to_exitcode(status)
    assert (OLD, [path.name]) == (path.read_bytes(), os.listdir(folder))
