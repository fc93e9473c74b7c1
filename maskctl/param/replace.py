"""One file put in the place of another in one step: whoever reads it, or cuts the power, finds the old one or the new one.

The new bytes go into a temporary file in the same folder, are flushed to disk, and renamed over the old ones; then the
folder is flushed. A process that is killed leaves its temporary file behind, locked until it is dead: the next write into
that folder takes away those that nobody holds.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: temporary files of processes that were killed stay
    fcntl = None  # type: ignore[assignment]

_PREFIX, _SUFFIX = ".maskctl-", ".tmp"
_TEMPORARY = re.compile(r"\.maskctl-[a-z0-9_]{8}\.tmp\Z")
_KEPT_ATTRIBUTES = re.compile(r"user\.|system\.posix_acl_access\Z")


def replace_file(
    target: Path,
    data: bytes | Callable[[BinaryIO], object],
    mode: int | None = None,
    ready: Callable[[], object] | None = None,
) -> None:
    """Writes `data`, or has it written, beside `target`, flushes it to disk and renames it over.

    Mode (unless given), owner, access list and the user's extended attributes are kept. `ready` is called when everything
    but the renaming is done, and stops it by raising.

    Raises `OSError` and leaves `target` untouched when any step fails.
    """
    if is_read_only(target):
        raise PermissionError(errno.EACCES, "the file is read-only")
    if target.exists() and not target.is_file() and not target.is_dir():
        raise OSError(errno.EINVAL, "this is a device or a pipe")
    _sweep(target.parent)
    handle, temporary = _new_temporary(target.parent)
    try:
        with _held(handle):
            with os.fdopen(handle, "wb") as file:
                if callable(data):
                    data(file)
                else:
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _take_over(target, temporary, mode)
            if ready:
                ready()
            os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _flush_folder(target.parent)


def is_read_only(target: Path) -> bool:
    """True for a file nobody may write, although renaming over it would succeed: whoever made it so meant it."""
    return target.exists() and not (target.stat().st_mode & 0o222 and os.access(target, os.W_OK))


def _new_temporary(folder: Path) -> tuple[int, str]:
    """An open temporary file that is locked, where the system can, so that nobody sweeps it away."""
    while True:
        handle, temporary = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder)
        if _lock(handle) is not False and os.fstat(handle).st_nlink:
            return handle, temporary
        os.close(handle)  # a sweeper was between the two steps: it has taken the file away, or is about to


def _lock(handle: int) -> bool | None:
    """True where the file is ours now, False where it is somebody else's, None where files cannot be locked."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextlib.contextmanager
def _held(handle: int) -> Iterator[None]:
    """Keeps the lock of a file that is closed in between."""
    if fcntl is None:
        yield  # Windows renames no file that is open
        return
    other = os.dup(handle)
    try:
        yield
    finally:
        os.close(other)


def _sweep(folder: Path) -> None:
    """Takes away the temporary files of writers that are dead: those that can be locked."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        for name in filter(_TEMPORARY.match, os.listdir(folder)):
            with contextlib.suppress(OSError):
                _remove_if_free(folder / name)


def _remove_if_free(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if _lock(handle):
            os.unlink(path)
    finally:
        os.close(handle)


def _take_over(target: Path, temporary: str, mode: int | None) -> None:
    """Gives the new file the owner, the access list and the mode of the old one, as far as the system allows."""
    status = target.stat() if target.exists() else None
    if status is not None and hasattr(os, "chown"):
        _give(temporary, status.st_uid, status.st_gid)
        _copy_attributes(target, temporary)
    if mode is None:
        mode = _new_file_mode() if status is None else status.st_mode
    os.chmod(temporary, mode & 0o7777)  # after chown, which clears the set-user-id bits


def _give(temporary: str, user: int, group: int) -> None:
    """Only root gives files away, but who is in a group may keep it."""
    try:
        os.chown(temporary, user, group)
    except PermissionError:
        with contextlib.suppress(PermissionError):
            os.chown(temporary, -1, group)


def _copy_attributes(target: Path, temporary: str) -> None:
    """The access list is taken over also where there is none, and the folder gave the new file one."""
    if not hasattr(os, "listxattr"):
        return
    with contextlib.suppress(OSError):
        wanted = {name: os.getxattr(target, name) for name in os.listxattr(target) if _KEPT_ATTRIBUTES.match(name)}
        for name in os.listxattr(temporary):
            if _KEPT_ATTRIBUTES.match(name) and name not in wanted:
                os.removexattr(temporary, name)
        for name, value in wanted.items():
            os.setxattr(temporary, name, value)


def _flush_folder(folder: Path) -> None:
    """Has the new name on disk as well; the file is replaced already, so that a system that cannot is no error."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _new_file_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
