"""A changed document on disk: proved, replaced in one step, or refused with the file as it was."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from maskctl.errors import EditRefusedError
from maskctl.param import load
from maskctl.param.replace import replace_file
from maskctl.param.write import prove_edit, refuse_overwrite, refuse_unwritable, write

BEFORE = b"7767517\r\n3 3\r\nInput data 0 1 data\r\nReLU r1 1 1 data a 0=0.1\r\nReLU r2   1 1 a b"
AFTER = b"7767517\r\n3 3\r\nInput data 0 1 data\r\nReLU r1 1 1 data a 0=0.1 31=3\r\nReLU r2   1 1 a b"
CHANGED_MORE = "the edit would change more than the masks asked for. Nothing was written. This is a bug in maskctl."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with three layers, alone in its folder."""
    found = tmp_path / "net.param"
    found.write_bytes(BEFORE)
    return found


def _write_mask(path: Path, target: Path | None = None, *, backup: bool = False) -> None:
    write(load(path).with_masks({1: 3}), target or path, {1: 3}, backup=backup)


def test_prove_edit_accepts() -> None:
    """An edit that sets exactly the masks asked for is accepted, and one that clears them too."""
    prove_edit(BEFORE, AFTER, {1: 3})
    prove_edit(AFTER, BEFORE, {1: 0})
    prove_edit(BEFORE, BEFORE, {})
    prove_edit(BEFORE, BEFORE, {2: 0})


@pytest.mark.parametrize(
    ("after", "masks"),
    [
        pytest.param(AFTER, {1: 1}, id="another mask than asked"),
        pytest.param(AFTER, {}, id="a mask nobody asked for"),
        pytest.param(AFTER, {2: 3}, id="the wrong layer"),
        pytest.param(AFTER, {1: 3, 2: 3}, id="one of two masks missing"),
        pytest.param(BEFORE, {1: 3}, id="nothing changed"),
        pytest.param(AFTER.replace(b"r2   1", b"r2 1"), {1: 3}, id="white space on another line"),
        pytest.param(AFTER.replace(b"\r\n", b"\n"), {1: 3}, id="line ends"),
        pytest.param(AFTER + b"\r\n", {1: 3}, id="final newline"),
        pytest.param(AFTER + b"\r\n\r\n", {1: 3}, id="a line more"),
        pytest.param(AFTER.replace(b"\r\nReLU r2   1 1 a b", b""), {1: 3}, id="a layer less"),
        pytest.param(AFTER.replace(b"3 3", b"3 4"), {1: 3}, id="counts"),
        pytest.param(AFTER.replace(b"0=0.1", b"0=0.10"), {1: 3}, id="spelling of another parameter"),
        pytest.param(AFTER.replace(b"0=0.1 ", b""), {1: 3}, id="another parameter gone"),
        pytest.param(AFTER.replace(b"0=0.1", b"0=0.1 1=1"), {1: 3}, id="another parameter added"),
        pytest.param(AFTER.replace(b"ReLU r1", b"PReLU r1"), {1: 3}, id="type"),
        pytest.param(AFTER.replace(b"r1", b"r3"), {1: 3}, id="name"),
        pytest.param(AFTER.replace(b"data a", b"date a"), {1: 3}, id="bottom"),
        pytest.param(AFTER.replace(b"data a", b"data c"), {1: 3}, id="top"),
        pytest.param(AFTER.replace(b"31=3", b"31=5.0"), {1: 0}, id="a mask the engine refuses, where none was asked"),
    ],
)
def test_prove_edit_refuses(after: bytes, masks: dict[int, int]) -> None:
    """An edit that changes anything but the masks asked for is refused."""
    with pytest.raises(EditRefusedError) as caught:
        prove_edit(BEFORE, after, masks)
    assert CHANGED_MORE == str(caught.value)


def test_prove_edit_refuses_unreadable() -> None:
    """An edit whose text cannot be read again is refused with the reason."""
    with pytest.raises(EditRefusedError) as caught:
        prove_edit(BEFORE, AFTER.replace(b"31=3", b"31="), {1: 3})
    assert (
        "the edited text would not be readable (<param>:4:26: parameter 31 has no value. "
        "Write it directly behind the '=', without a space.). Nothing was written."
    ) == str(caught.value)


def test_write(path: Path) -> None:
    """The file holds the changed text, byte for byte, and nothing else is left in its folder."""
    _write_mask(path)
    assert AFTER == path.read_bytes()
    assert ["net.param"] == os.listdir(path.parent)


def test_write_refuses_a_wrong_document(path: Path) -> None:
    """A document that is not what was asked for never reaches the disk."""
    with pytest.raises(EditRefusedError) as caught:
        write(load(path).with_masks({1: 3, 2: 3}), path, {1: 3})
    assert CHANGED_MORE == str(caught.value)
    assert BEFORE == path.read_bytes()


def test_write_elsewhere(path: Path) -> None:
    """Written under another name, the file read stays as it was; the new one gets the usual mode."""
    other = path.with_name("other.param")
    previous = os.umask(0o027)
    try:
        _write_mask(path, other)
    finally:
        os.umask(previous)
    assert (BEFORE, AFTER) == (path.read_bytes(), other.read_bytes())
    assert 0o640 == stat.S_IMODE(other.stat().st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o666])
def test_mode_kept(path: Path, mode: int) -> None:
    """The file keeps its mode."""
    path.chmod(mode)
    _write_mask(path)
    assert mode == stat.S_IMODE(path.stat().st_mode)
    assert AFTER == path.read_bytes()


def test_owner_kept(path: Path) -> None:
    """The file keeps its owner and group."""
    try:
        os.chown(path, 1234, 4321)
    except PermissionError:
        pytest.skip("this user cannot give files away")
    _write_mask(path)
    assert (1234, 4321) == (path.stat().st_uid, path.stat().st_gid)


def test_symbolic_link_followed(path: Path) -> None:
    """Through a link the file it points to is replaced, in its own folder, and the link stays a link."""
    folder = path.parent / "links"
    folder.mkdir()
    link = folder / "link.param"
    link.symlink_to("../net.param")
    _write_mask(link)
    assert "../net.param" == os.readlink(link)
    assert AFTER == path.read_bytes()
    assert ["link.param"] == os.listdir(folder)


def test_backup(path: Path) -> None:
    """A backup is the old file beside the new one, with its mode."""
    path.chmod(0o600)
    _write_mask(path, backup=True)
    backup = path.with_name("net.param.bak")
    assert (AFTER, BEFORE) == (path.read_bytes(), backup.read_bytes())
    assert 0o600 == stat.S_IMODE(backup.stat().st_mode)


def test_backup_of_nothing(path: Path) -> None:
    """Where there was no file there is no backup."""
    _write_mask(path, path.with_name("new.param"), backup=True)
    assert ["net.param", "new.param"] == sorted(os.listdir(path.parent))


def test_read_only_refused(path: Path) -> None:
    """A file made read-only is refused, also for root, and left alone."""
    path.chmod(0o444)
    with pytest.raises(EditRefusedError) as caught:
        _write_mask(path)
    assert f"{path}: cannot write: the file is read-only. The file is as it was." == str(caught.value)
    assert (BEFORE, ["net.param"]) == (path.read_bytes(), os.listdir(path.parent))


@pytest.mark.parametrize(
    ("target", "reason"), [("missing/net.param", "No such file or directory"), ("folder", "Is a directory")]
)
def test_no_place_to_write(path: Path, target: str, reason: str) -> None:
    """A folder that is not there, or a folder in the file's place, is refused and nothing is left behind."""
    (path.parent / "folder").mkdir()
    with pytest.raises(EditRefusedError) as caught:
        _write_mask(path, path.parent / target)
    assert f"{path.parent / target}: cannot write: {reason}. The file is as it was." == str(caught.value)
    assert ["folder", "net.param"] == sorted(os.listdir(path.parent))


@pytest.mark.parametrize("function", ["fsync", "chmod", "replace"])
def test_disk_full(path: Path, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """When any step towards the disk fails, the file is whole and no temporary file remains."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(EditRefusedError) as caught:
        _write_mask(path)
    monkeypatch.undo()
    assert f"{path}: cannot write: No space left on device. The file is as it was." == str(caught.value)
    assert (BEFORE, ["net.param"]) == (path.read_bytes(), os.listdir(path.parent))


def test_write_cut_short(path: Path) -> None:
    """When the system really refuses bytes in the middle of the file, the file is whole and nothing remains."""
    resource = pytest.importorskip("resource", reason="this system has no limits on file sizes to run into")
    big = BEFORE.replace(b"Input", b" " * 100_000 + b"Input")
    path.write_bytes(big)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(EditRefusedError) as caught:
            _write_mask(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert f"{path}: cannot write: File too large. The file is as it was." == str(caught.value)
    assert (big, ["net.param"]) == (path.read_bytes(), os.listdir(path.parent))


def test_interrupted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt from the keyboard passes through, the file is whole and no temporary file remains."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        _write_mask(path)
    assert (BEFORE, ["net.param"]) == (path.read_bytes(), os.listdir(path.parent))


def test_old_bytes_until_replaced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the moment of the replacement the new bytes are complete on disk beside the untouched old ones; then the folder is flushed."""
    seen: list[tuple[bytes, bytes]] = []
    flushed: list[int] = []
    replace, fsync = os.replace, os.fsync

    def flush(handle: int) -> None:
        flushed.append(handle)
        fsync(handle)

    def watch(source: str, target: Path) -> None:
        seen.append((Path(source).read_bytes(), Path(target).read_bytes()))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", watch)
    _write_mask(path)
    assert [(AFTER, BEFORE)] == seen
    assert 2 == len(flushed)


@pytest.mark.parametrize("through_link", [False, True])
def test_changed_meanwhile(path: Path, through_link: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """A file somebody changed after it was read is refused and stays as they left it."""
    target = path
    if through_link:
        target = path.with_name("link.param")
        target.symlink_to(path)
    document = load(path).with_masks({1: 3})
    theirs = BEFORE.replace(b"0.1", b"0.2")
    path.write_bytes(theirs)
    with pytest.raises(EditRefusedError) as caught:
        write(document, target, {1: 3}, backup=True)
    message = f"{target}: the file was changed by someone else meanwhile. It is as they left it; run again."
    assert message == str(caught.value)
    assert theirs == path.read_bytes()
    assert not path.with_name("net.param.bak").exists()


def test_replace_file_raises(path: Path) -> None:
    """The last step by itself reports the system's error."""
    with pytest.raises(IsADirectoryError):
        replace_file(path.parent, b"")
    assert ["net.param"] == os.listdir(path.parent)


def test_refuse_overwrite(path: Path) -> None:
    """Another existing file is refused unless forced; the source itself, also through a link, and a new name are not."""
    other, link = path.with_name("other.param"), path.with_name("link.param")
    other.write_bytes(b"")
    link.symlink_to(path)
    refuse_overwrite(path, path, force=False)
    refuse_overwrite(link, path, force=False)
    refuse_overwrite(path.with_name("new.param"), path, force=False)
    refuse_overwrite(other, path, force=True)
    with pytest.raises(EditRefusedError) as caught:
        refuse_overwrite(other, path, force=False)
    assert f"{other}: the file exists. Give another name, or --force to replace it." == str(caught.value)


def test_pipe_refused(path: Path) -> None:
    """A pipe is not replaced by a file, nor waited for."""
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    with pytest.raises(EditRefusedError) as caught:
        _write_mask(path, pipe, backup=True)
    assert f"{pipe}: cannot write: this is a device or a pipe. The file is as it was." == str(caught.value)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert ["net.param", "pipe"] == sorted(os.listdir(path.parent))


NO_PLACE = "this is a folder, or in a folder that is not there. Give a file name."


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("net.param", None),
        ("new.param", None),
        ("link", None),
        ("locked", "the file is read-only. Make it writable, or write elsewhere with -o."),
        ("link to locked", "the file is read-only. Make it writable, or write elsewhere with -o."),
        (".", NO_PLACE),
        ("missing/net.param", NO_PLACE),
        ("pipe", "this is a device or a pipe. Expected a file, or a name for a new one."),
    ],
)
def test_refuse_unwritable(path: Path, name: str, problem: str | None) -> None:
    """What is plainly no place to write is refused before any work; files and new names are not."""
    locked = path.with_name("locked")
    locked.touch(0o444)
    path.with_name("link").symlink_to(path)
    path.with_name("link to locked").symlink_to(locked)
    os.mkfifo(path.with_name("pipe"))
    target = path.parent / name
    if problem is None:
        refuse_unwritable(target)
        return
    with pytest.raises(EditRefusedError) as caught:
        refuse_unwritable(target)
    assert f"{target}: {problem}" == str(caught.value)


def test_refuse_unwritable_folder(path: Path) -> None:
    """A file in a folder where no file can be made is refused before any work."""
    path.parent.chmod(0o555)
    try:
        if os.access(path.parent, os.W_OK):
            pytest.skip("this user may write anywhere")
        with pytest.raises(EditRefusedError) as caught:
            refuse_unwritable(path)
    finally:
        path.parent.chmod(0o755)
    problem = f"the folder '{path.parent}' is read-only. Make it writable, or write elsewhere with -o."
    assert f"{path}: {problem}" == str(caught.value)
