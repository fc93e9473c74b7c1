"""`maskctl lint` answers at once: what it loads, and how its time grows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from benchmarks.lint import generated
from maskctl.lint.conditions import Conditions
from maskctl.lint.files import subject_from
from maskctl.lint.plan import Asked
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.lint.session import Session
from maskctl.lint.settings import Settings
from maskctl.report.lint.text import full
from tests.cli.driver import environment, program
from tests.layers.rows import families
from tests.shared_models import SHARED
from tests.yardstick import cpu_seconds, in_yardsticks

LIMIT, LIMIT_OF_REAL = 2.0, 36.0
"""In yardsticks; half as much again as is taken now, so that twice as much fails and a busy machine does not."""
HEAVY = ("numpy", "onnx", "PIL", "rich", "maskctl.executor", "maskctl.analysis", "maskctl.kernels.registry")


def seconds_for(layers: int) -> float:
    """CPU time to read a file of so many layers and run every rule, as the command does it."""
    data = generated(layers)
    return cpu_seconds(lambda: lint(subject_from(data, "net.param", Conditions()), rules().values()))


def test_thousand_layers() -> None:
    """A file of 1,000 layers, all rules together, takes less than LIMIT yardsticks, and twice the work would take more."""
    seconds_for(20)  # what is loaded when first used
    assert in_yardsticks(lambda: seconds_for(1_000), LIMIT) < LIMIT
    assert in_yardsticks(lambda: seconds_for(1_000) + seconds_for(1_000), LIMIT, most=3) > LIMIT


def test_time_is_linear() -> None:
    """Ten times the layers take about ten times as long; twenty is far from the hundred of a quadratic rule."""
    small = min(seconds_for(4_000) for _ in range(3))
    assert min(seconds_for(40_000) for _ in range(2)) < 20 * small


HEAD = "7767517\n2 9\nInput data 0 1 data 0=8 1=8 2=16\n"
WIDE: dict[str, Callable[[int], str]] = {
    "duplicate parameters": lambda count: f"ReLU r 1 1 data r{' 0=1.0' * count}",
    "masks": lambda count: f"ReLU r 1 1 data r{' 31=1' * count}",
    "masks that are floats": lambda count: f"ReLU r 1 1 data r{' 31=1.0' * count}",
    "blobs that are not there": lambda count: f"Concat c {count} 1 {words(count, 'b')} c",
    "blobs of one name": lambda count: f"Split s 1 {count} data{' s' * count}",
    "names beyond ASCII": lambda count: f"Split s 1 {count} data {words(count, 'é')}",
}


def words(count: int, stem: str) -> str:
    """So many words."""
    return " ".join(f"{stem}{number}" for number in range(count))


def seconds_for_line(kind: str, count: int) -> float:
    """CPU time to find, mend and show so many mistakes on one line."""
    data = f"{HEAD}{WIDE[kind](count)}\n".encode()

    def work() -> None:
        for fixes in ("", "all"):
            session = Session(Asked(), lambda _: Settings(), texts={"net.param": data}, fixes=fixes)
            full(session.lint(["net.param"]), 80)

    return cpu_seconds(work)


@pytest.mark.parametrize("kind", WIDE)
def test_time_is_linear_in_a_line(kind: str) -> None:
    """Eight times the mistakes on one line take about eight times as long; thirty is half of what the square would be."""
    seconds_for_line(kind, 10)
    small = min(seconds_for_line(kind, 250) for _ in range(2))
    assert seconds_for_line(kind, 2_000) < 30 * small


LIMIT_OF_A_MEGABYTE = 100.0
"""In yardsticks: 3 s where one takes 30 ms. These files take up to 70, and took twice as much and more."""
LIMIT_OF_UNLIKE_LAYERS = 150.0
"""Half as much again, where no two layers are alike, so that each bit of each is judged by itself: 100, and it was 200."""
UNLIKE = "parameters that all differ"
MASKED: dict[str, Sequence[str]] = {
    "activations": ["ReLU {n} 1 1 b{n} b{next} 31=255"],
    UNLIKE: ["ReLU {n} 1 1 b{n} b{next} 0=0.{n} 31=255"],
    "convolutions": ["Convolution {n} 1 1 b{n} b{next} 0=16 1=3 4=1 6=2304 31=255"],
    "grouped convolutions": ["ConvolutionDepthWise {n} 1 1 b{n} b{next} 0=16 1=3 4=1 6=1152 7=2 31=6"],
    "types nobody knows": ["Foo {n} 1 1 b{n} b{next} 31=6"],
    "types that all differ": ["Foo{n} {n} 1 1 b{n} b{next}"],
    "inputs": ["Input {n} 0 1 a{n} 0=1 31=6"],
    "splits": ["Split s{n} 1 2 b{n} d{n} e{n} 31=6", "BinaryOp a{n} 2 1 d{n} e{n} b{next} 0=0 31=6"],
    "masks the engine does not honour": ["ReLU r{n} 1 1 b{n} a{n} 31=255", "Sigmoid s{n} 1 1 a{n} b{next}"],
}
"""Layers that are repeated."""


def masked(kind: str, size: int) -> bytes:
    """A file of about so many bytes that is made of nothing but these layers."""
    lines, length, number = ["Input data 0 1 b0 0=64 1=64 2=16"], 0, 0
    while length < size:
        block = [line.format(n=number, next=number + 1) for line in MASKED[kind]]
        lines, length, number = lines + block, length + sum(map(len, block)) + len(block), number + 1
    blobs = sum(int(line.split()[3]) for line in lines)
    return "\n".join(["7767517", f"{len(lines)} {blobs}", *lines, ""]).encode()


def read_by_many(readers: int) -> bytes:
    """A Split whose tops are read by layers with masks that the engine honours nowhere else."""
    tops = [f"x{number}" for number in range(readers)]
    lines = ["Input data 0 1 data 0=64 1=64 2=16", f"Split s 1 {readers} data {' '.join(tops)}"]
    lines += [f"ReLU r{top} 1 1 {top} y{top} 31=6" for top in tops]
    return "\n".join(["7767517", f"{len(lines)} {2 * readers + 1}", *lines, ""]).encode()


def seconds_of(data: bytes) -> float:
    """CPU time to read a file and run every rule."""
    return cpu_seconds(lambda: lint(subject_from(data, "net.param", Conditions()), rules().values()))


@pytest.mark.parametrize("kind", MASKED)
def test_masked_layers(kind: str) -> None:
    """A file of nothing but layers with masks, most of which are told to be of no use, takes less than the limit of its kind."""
    seconds_of(masked(kind, 1_000))
    data = masked(kind, 30_000)
    of_a_megabyte = LIMIT_OF_UNLIKE_LAYERS if kind == UNLIKE else LIMIT_OF_A_MEGABYTE
    limit = of_a_megabyte * len(data) / 1e6
    assert in_yardsticks(lambda: seconds_of(data), limit) < limit


def test_time_is_linear_in_masks() -> None:
    """Eight times the layers with contradictory masks take about eight times as long; thirty is half of what the square would be."""
    seconds_of(read_by_many(10))
    small = min(seconds_of(read_by_many(250)) for _ in range(2))
    assert seconds_of(read_by_many(2_000)) < 30 * small


def every_row() -> str:
    """All cases of the layer types in one network, but for a division in a shape expression, which takes numpy."""
    lines, blobs = [], 0
    for number, row in enumerate(row for rows in families().values() for row in rows if not row.refused):
        if '"/(' in row.words:
            continue
        kind, *params = row.words.split()
        bottoms = [f"{number}b{at}" for at in range(len(row.inputs))]
        tops = [f"{number}t{at}" for at in range(row.tops)]
        for bottom, shape in zip(bottoms, row.inputs, strict=True):
            ids = {1: "0", 2: "01", 3: "012"}.get(len(shape), ("0", "1", "11", "2"))
            sizes = [f"{each}={size}" for each, size in zip(ids, shape[::-1], strict=True)]
            lines.append(" ".join(["Input", bottom, "0 1", bottom, *sizes]))
        lines.append(" ".join([kind, str(number), str(len(bottoms)), str(row.tops), *bottoms, *tops, *params]))
        blobs += len(bottoms) + len(tops)
    return "\n".join(["7767517", f"{len(lines)} {blobs}", *lines, ""])


def test_imports(folder: Path) -> None:
    """Linting files without weights loads neither numpy nor rich nor anything that computes, whatever their layers are."""
    (folder / "net.param").write_bytes(generated(50))
    (folder / "rows.param").write_text(every_row(), encoding="utf-8")
    watched = [sys.executable, "-X", "importtime", *program("lint", "net.param", "rows.param")[1:]]
    done = subprocess.run(watched, env=environment(), capture_output=True, text=True, check=False)
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "maskctl.lint.session" in loaded
    assert [] == sorted(name for name in loaded if name.startswith(HEAVY))


@pytest.mark.skipif(not (SHARED / "params").is_dir(), reason=f"no real files in {SHARED}/params; set MASKCTL_SHARED")
def test_real_files() -> None:
    """All real files in one call take less than LIMIT_OF_REAL yardsticks of CPU time, start included."""
    resource = pytest.importorskip("resource", reason="this system does not say what a child process used")
    variables = environment()
    variables.pop("PYTHONDONTWRITEBYTECODE")

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(program("lint", str(SHARED / "params")), env=variables, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return float(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)

    seconds()  # compiles the modules
    assert in_yardsticks(seconds, LIMIT_OF_REAL) < LIMIT_OF_REAL
