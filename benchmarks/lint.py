"""What linting costs in CPU time: a folder of real files as a program of its own, and generated files within the process.

python benchmarks/lint.py [FOLDER]
"""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from maskctl.lint.conditions import Conditions
from maskctl.lint.files import subject_from
from maskctl.lint.rule import rules
from maskctl.lint.run import lint

SIZES = (1_000, 10_000, 100_000)
BLOCK = (
    "Convolution conv{n} 1 1 b{n} c{n} 0=16 1=3 4=1 5=1 6=2304",
    "BatchNorm bn{n} 1 1 c{n} d{n} 0=16",
    "ReLU relu{n} 1 1 d{n} e{n} 0=0.1",
    "Split split{n} 1 2 e{n} f{n} g{n}",
    "BinaryOp add{n} 2 1 f{n} g{n} b{next} 0=0",
)
"""Layers that are repeated; the last of them produces what the first of the next reads."""


def generated(layers: int) -> bytes:
    """A sound file of so many layers, an Input and blocks."""
    blocks = (layers - 1) // len(BLOCK)
    lines = ["Input data 0 1 b0 0=64 1=64 2=16"]
    lines += [line.format(n=number, next=number + 1) for number in range(blocks) for line in BLOCK]
    return f"7767517\n{len(lines)} {1 + 6 * blocks}\n{chr(10).join(lines)}\n".encode()


def cpu_seconds(data: bytes) -> float:
    """The least CPU time of three: reading the bytes and running every rule, modules loaded."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        lint(subject_from(data, "net.param", Conditions()), rules().values())
        best = min(best, time.process_time() - start)
    return best


def program_seconds(folder: str) -> float:
    """The least CPU time of three runs of `maskctl lint FOLDER`, start included; the first compiles the modules."""
    best = float("inf")
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "maskctl", "lint", folder, "--format", "concise", "--no-weights"],
            env=variables,
            capture_output=True,
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def main() -> None:
    """Prints a line per measurement."""
    for folder in sys.argv[1:]:
        count = len(list(Path(folder).rglob("*.param")))
        print(f"maskctl lint {folder} ({count} files): {program_seconds(folder):.2f} s")
    gc.disable()  # as the command does
    for size in SIZES:
        seconds = cpu_seconds(generated(size))
        print(f"{size:,} layers: {1000 * seconds:,.1f} ms, {1e6 * seconds / size:.1f} us per layer")


if __name__ == "__main__":
    main()
