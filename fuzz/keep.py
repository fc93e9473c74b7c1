"""Keeps of what a search has learned the few small inputs that reach everything all of it reaches.

    python -m fuzz.keep --work work

writes `fuzz/corpus/READER/`: an input is kept when it reaches a line of maskctl that no smaller one reached. Inputs with names
of their own, which are findings of the past, stay.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import maskctl
from fuzz.readers import READERS
from fuzz.seeds import seeds
from maskctl.errors import MaskctlError

CORPUS = Path(__file__).parent / "corpus"
_OURS = str(Path(maskctl.__file__).parent)
_KEPT = re.compile(r"[0-9a-f]{12}\Z")


def lines_reached(read: Callable[[bytes], object], data: bytes) -> set[tuple[str, int]]:
    """The lines of maskctl that run when a reader is fed these bytes."""
    found: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(_OURS):
            return None
        if event == "line":
            found.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        with contextlib.suppress(MaskctlError):
            read(data)
    finally:
        sys.settrace(None)
    return found


def kept(reader: str, inputs: set[bytes], most: int) -> list[bytes]:
    """The inputs that reach something new, smallest first; at most so many, those with the most new lines."""
    read, reached, rows = READERS[reader], set[tuple[str, int]](), list[tuple[int, bytes]]()
    for data in sorted(inputs, key=lambda data: (len(data), data)):
        new = lines_reached(read, data) - reached
        if new:
            reached |= new
            rows.append((len(new), data))
    return [data for _, data in sorted(rows, key=lambda row: row[0], reverse=True)[:most]]


def main() -> None:
    """Writes the corpus of every reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("fuzz-work"))
    parser.add_argument("--most", type=int, default=14, help="inputs of one reader")
    options = parser.parse_args()
    for reader in READERS:
        folder = CORPUS / reader
        folder.mkdir(parents=True, exist_ok=True)
        old = [path for path in folder.iterdir() if _KEPT.match(path.name)]
        learned = [*folder.iterdir(), *(options.work / reader).glob("*")]
        inputs = {path.read_bytes() for path in learned} | set(seeds(reader))
        chosen = kept(reader, inputs, options.most)
        for path in old:
            path.unlink()
        for data in chosen:
            (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
        print(f"{reader}: {len(chosen)} of {len(inputs):,} inputs, {sum(map(len, chosen)):,} bytes")


if __name__ == "__main__":
    main()
