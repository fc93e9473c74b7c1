"""Files that commands write: in one step or not at all, and failures in words."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    from maskctl.param.document import ParamDocument
    from maskctl.param.fence import Fence

STDOUT = "-"
"""As the name of a result: its text goes to stdout, and all that is said to stderr."""


def is_device(path: str) -> bool:
    """True for a pipe, a terminal or /dev/null: those are written to, not replaced."""
    return Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()


def is_stdout(path: str | None) -> bool:
    """True where `path` is a name of this process's own stdout, such as /dev/stdout."""
    try:
        return bool(path) and os.path.samestat(os.stat(str(path)), os.fstat(1)) and not same_file(str(path), os.devnull)
    except OSError:
        return False


def same_file(left: str | Path, right: str | Path) -> bool:
    """True where both names are of one file, also one that is not there yet."""
    return os.path.realpath(left) == os.path.realpath(right) or (
        Path(left).exists() and Path(right).exists() and Path(left).samefile(right)
    )


def replaced(path: str, read: Iterable[str | Path]) -> str | Path | None:
    """Which of the files read, or of those in a folder read, `path` would replace; devices are not replaced."""
    if is_device(path):
        return None
    file = Path(path)
    for other in read:
        if same_file(path, other) or (
            file.exists() and Path(other).is_dir() and same_file(file.resolve().parent, other)
        ):
            return other
    return None


def stdout_to_stderr(*, only_if: bool = True) -> AbstractContextManager[object]:
    """While it lasts, what is printed goes to stderr where asked for: stdout is for the command's own output."""
    return contextlib.redirect_stdout(sys.stderr) if only_if else contextlib.nullcontext()


def write_file(path: str, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Writes `content`, or has it written, into a file or a device; raises `EditRefusedError`."""
    from maskctl.errors import EditRefusedError
    from maskctl.param.replace import replace_file

    try:
        if is_stdout(path):
            write_stdout(content)
            return
        if not is_device(path):
            replace_file(Path(path).resolve(), content)
            return
        with open(path, "wb") as device:
            _write_into(device, content)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EditRefusedError(f"cannot write: {error.strerror}.", path) from None


def write_stdout(content: bytes | Callable[[BinaryIO], object]) -> None:
    """Writes `content`, or has it written, to stdout."""
    _write_into(sys.stdout.buffer, content)
    sys.stdout.buffer.flush()


def print_param(document: ParamDocument, masks: Mapping[int, int], fences: Sequence[Fence] = ()) -> None:
    """Writes a document whose masks were changed at these layers to stdout, proved first as `param.write` does for files."""
    from maskctl.param.write import prove_edit

    data = document.to_bytes()
    prove_edit(document.source, data, masks, fences)
    write_stdout(data)


class _Stream(io.RawIOBase):
    """A device or pipe written to from front to back: /dev/null claims to be seekable, and is always at its beginning."""

    def __init__(self, device: BinaryIO) -> None:
        self._device = device

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._device.write(data)

    def flush(self) -> None:
        if not self._device.closed:
            self._device.flush()


def _write_into(device: BinaryIO, content: bytes | Callable[[BinaryIO], object]) -> None:
    if callable(content):
        content(cast("BinaryIO", _Stream(device)))
    else:
        device.write(content)
