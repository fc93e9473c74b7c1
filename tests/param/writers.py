"""Programs that write a file again and again, for tests that run several of them or kill them; each is one subprocess.

python writers.py edit FILE FIRST COUNT    sets the mask of layers FIRST to FIRST + COUNT - 1, one set-mask after another
python writers.py kill FILE COUNT          has COUNT writers killed, and prints what each left behind
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from maskctl.cli import main
from maskctl.param.replace import replace_file

OLD = b"old " * 16_000
NEW = b"new " * 16_000


def edit(path: str, first: int, count: int) -> list[str]:
    """The layers whose edit was refused with exit status 2; any other end than 0 or 2 is passed on."""
    names = [f"l{number}" for number in range(first, first + count)]
    return [name for number, name in enumerate(names, first) if _set_mask(path, name, 1 + number % 3) == 2]


def _set_mask(path: str, name: str, mask: int) -> int:
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            main(["set-mask", name, str(mask), "-m", path])
    except SystemExit as left:
        if left.code not in {0, 2}:
            raise
        return int(left.code)
    return 0


def kill(path: Path, count: int) -> dict[str, int]:
    """How many writers were killed, how often the file was whole, and how many were in the middle of a write."""
    draw = random.Random(1)  # noqa: S311 - nothing secret
    one_write = _seconds_for(path)
    seen = {"killed": 0, "old": 0, "new": 0, "torn": 0, "in the middle": 0, "most left over": 0}
    for number in range(count):
        before = path.stat().st_ino
        writer = os.fork()
        if not writer:
            _write_for_ever(path)
        while number % 2 and path.stat().st_ino == before:  # so that however slow the disk is, some get on
            time.sleep(0)
        time.sleep(draw.uniform(0.0, min(2 * one_write, 0.05)))
        os.kill(writer, signal.SIGKILL)
        _, status = os.waitpid(writer, 0)
        seen["killed"] += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        seen[{OLD: "old", NEW: "new"}.get(path.read_bytes(), "torn")] += 1
        left_over = len(os.listdir(path.parent)) - 1
        seen["in the middle"] += left_over > 0
        seen["most left over"] = max(seen["most left over"], left_over)
    replace_file(path, OLD)
    return {**seen, "left in the end": len(os.listdir(path.parent)) - 1}


def _seconds_for(path: Path) -> float:
    """How long a write takes on this disk."""
    begun = time.perf_counter()
    for _ in range(5):
        replace_file(path, OLD)
    return (time.perf_counter() - begun) / 5


def _write_for_ever(path: Path) -> None:
    try:
        while True:
            for data in (NEW, OLD):
                replace_file(path, data)
    finally:
        os._exit(1)  # an error ends this copy of the process here, and counts as not killed


if __name__ == "__main__":
    what, target, *numbers = sys.argv[1:]
    if what == "edit":
        print(json.dumps(edit(target, *map(int, numbers))))  # noqa: T201 - its result
    else:
        print(json.dumps(kill(Path(target), *map(int, numbers))))  # noqa: T201 - its result
