"""Files that commands write: in one step or not at all, and failures in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def is_device(path: str) -> bool:
    """True for a pipe, a terminal or /dev/null: those are written to, not replaced."""
    return Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()


def write_file(path: str, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Writes `content`, or has it written, into a file or a device; raises `EditRefusedError`."""
    from maskctl.errors import EditRefusedError
    from maskctl.param.write import replace_file

    try:
        if not is_device(path):
            replace_file(Path(path).resolve(), content)
            return
        with open(path, "wb") as device:
            if callable(content):
                content(device)
            else:
                device.write(content)
    except OSError as error:
        raise EditRefusedError(f"cannot write: {error.strerror}.", path) from None
