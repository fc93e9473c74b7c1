"""One editor at a time: a lock on the folder of a file.

The folder is locked, not the file, because a file that is replaced is another one afterwards. The lock is the system's
(`flock`): it ends with the process that holds it, however that ends, and leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from maskctl.errors import EditRefusedError

try:
    import fcntl
except ImportError:  # Windows: what is written is compared with what was read, and refused, but nobody waits
    fcntl = None  # type: ignore[assignment]

PATIENCE_S = 30.0
_PAUSE_S = 0.005


@contextlib.contextmanager
def exclusive(path: str | Path) -> Iterator[None]:
    """While it lasts no other maskctl edits a file in this file's folder; links are followed.

    Waits for another one and raises `EditRefusedError` after `PATIENCE_S`. Where the system has no such locks, or not on
    this disk, it lasts without one.
    """
    handle = _open_folder(Path(os.path.realpath(path)).parent)
    try:
        if handle is not None:
            _wait(handle, path)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _open_folder(folder: Path) -> int | None:
    if fcntl is None:
        return None
    try:
        return os.open(folder, os.O_RDONLY)
    except OSError:  # not there, which the writer says better, or not to be read
        return None


def _wait(handle: int, path: str | Path) -> None:
    begun = time.monotonic()
    while not _taken(handle):
        if time.monotonic() - begun > PATIENCE_S:
            raise EditRefusedError(
                f"another maskctl has been editing in this folder for {PATIENCE_S:g} s. Nothing was written. End it, or wait "
                "for it, and run again.",
                str(path),
            )
        time.sleep(_PAUSE_S)


def _taken(handle: int) -> bool:
    """True with the lock, or where there are none on this disk; false while somebody else has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
