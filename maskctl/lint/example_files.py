"""The examples of a rule's page as files."""

from __future__ import annotations

import struct
from pathlib import Path

from maskctl.graph.network import build
from maskctl.lint.page import Example
from maskctl.lock import lock_of, to_text
from maskctl.param import parse


def write_example(folder: Path, example: Example) -> Path:
    """The path of an example's `.param`, written into a folder with the files beside it."""
    path = folder / "net.param"
    path.write_bytes(example.param.encode("utf-8", "surrogateescape"))
    if "bin" in example.beside:
        words = [float(word) for word in example.beside["bin"].split()]
        path.with_suffix(".bin").write_bytes(struct.pack(f"<{len(words)}f", *words))
    if "lock" in example.beside:
        locked = lock_of(build(parse(example.beside["lock"].encode())))
        path.with_suffix(".masks.toml").write_text(to_text(locked), encoding="utf-8")
    return path
