"""`maskctl lint` answers at once: what it loads, and how its time grows."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.lint import generated
from maskctl.lint.conditions import Conditions
from maskctl.lint.files import subject_from
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from tests.cli.driver import environment, program
from tests.shared_models import SHARED

HEAVY = ("numpy", "onnx", "PIL", "rich", "maskctl.executor", "maskctl.analysis", "maskctl.kernels.registry")


def best_of(count: int, limit: float, seconds: Callable[[], float]) -> float:
    """The least of some measurements, of which no more are made once one is well under the limit."""
    best = seconds()
    for _ in range(count - 1):
        if best < 0.8 * limit:
            break
        best = min(best, seconds())
    return best


def cpu_seconds(layers: int) -> float:
    """CPU time to read a file of so many layers and run every rule, as the command does it."""
    data = generated(layers)
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        lint(subject_from(data, "net.param", Conditions()), rules().values())
        return time.process_time() - start
    finally:
        gc.enable()


def test_thousand_layers() -> None:
    """A file of 1,000 layers takes less than 50 ms of CPU time, all rules together."""
    cpu_seconds(20)  # what is loaded when first used
    assert best_of(8, 0.05, lambda: cpu_seconds(1_000)) < 0.05


def test_time_is_linear() -> None:
    """Ten times the layers take about ten times as long; twenty is far from the hundred of a quadratic rule."""
    small = min(cpu_seconds(4_000) for _ in range(3))
    assert best_of(3, 20 * small, lambda: cpu_seconds(40_000)) < 20 * small


def test_imports(folder: Path) -> None:
    """Linting files without weights loads neither numpy nor rich nor anything that computes."""
    (folder / "net.param").write_bytes(generated(50))
    watched = [sys.executable, "-X", "importtime", *program("lint", "net.param")[1:]]
    done = subprocess.run(watched, env=environment(), capture_output=True, text=True, check=False)
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "maskctl.lint.session" in loaded
    assert [] == sorted(name for name in loaded if name.startswith(HEAVY))


@pytest.mark.skipif(not (SHARED / "params").is_dir(), reason=f"no real files in {SHARED}/params; set MASKCTL_SHARED")
def test_real_files() -> None:
    """All real files in one call take less than 1 s of CPU time, start included."""
    resource = pytest.importorskip("resource", reason="this system does not say what a child process used")
    variables = environment()
    variables.pop("PYTHONDONTWRITEBYTECODE")

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(program("lint", str(SHARED / "params")), env=variables, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return float(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)

    assert best_of(6, 1.0, seconds) < 1.0
