"""Text commands answer at once: what they load, and how long they compute."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from maskctl.graph.network import build
from maskctl.lock import lock_of, to_text
from maskctl.param import load
from tests.builders import param_text
from tests.cli.driver import Runner, environment, program

resource = pytest.importorskip("resource", reason="this system does not say what a child process used")

LIMIT_S = 0.2
HEAVY = ("numpy", "onnx", "PIL", "rich", "maskctl.executor", "maskctl.analysis", "maskctl.layers", "maskctl.numeric")
COMMANDS = (
    ("--help",),
    ("--version",),
    ("set-mask", "--help"),
    ("analyze", "--help"),
    ("show", "--help"),
    ("set-mask", "data", "16", "--dry-run"),
    ("set-mask", "data", "16"),
    ("set-mask", "nothing", "16"),
    ("lock", "net.param"),
    ("apply", "net.masks.toml", "net.param", "--check"),
)


@pytest.fixture
def net(folder: Path) -> Path:
    """The only model in the current folder."""
    path = folder / "net.param"
    path.write_bytes(param_text("Input data 0 1 data 0=2 1=2 2=1 31=16"))
    (folder / "net.masks.toml").write_text(to_text(lock_of(build(load(path)))))
    return path


def cpu_seconds(*arguments: str) -> float:
    """CPU time of one run as a program of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    variables = environment()
    variables.pop("PYTHONDONTWRITEBYTECODE")
    subprocess.run(program(*arguments), env=variables, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def imported(*arguments: str) -> set[str]:
    """Names of all modules that one run as a program of its own loads."""
    watched = [sys.executable, "-X", "importtime", *program(*arguments)[1:]]
    done = subprocess.run(watched, env=environment(), capture_output=True, text=True, check=False)
    return {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.usefixtures("net")
def test_cpu_time(arguments: tuple[str, ...]) -> None:
    """Help and text commands take less than 0.2 s of CPU time."""
    best = LIMIT_S
    for _ in range(6):
        best = min(best, cpu_seconds(*arguments))
        if best < LIMIT_S / 2:
            break
    assert best < LIMIT_S


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.usefixtures("net")
def test_imports(arguments: tuple[str, ...]) -> None:
    """Help and text commands load neither numpy nor onnx nor anything that computes."""
    loaded = imported(*arguments)
    assert "maskctl.cli" in loaded
    assert [] == sorted(name for name in loaded if name.startswith(HEAVY))


@pytest.mark.usefixtures("net")
def test_show_needs_no_arrays() -> None:
    """`show` knows layer types, shapes and costs without loading numpy where there is no .bin to look into."""
    loaded = imported("show", "net.param", "--shapes")
    assert "maskctl.layers.base" in loaded
    assert [] == sorted(name for name in loaded if name.startswith("numpy"))


@pytest.mark.usefixtures("net")
def test_diff_needs_no_arrays() -> None:
    """`diff` knows ncnn's names of parameters without loading numpy."""
    loaded = imported("diff", "net.param", "net.param")
    assert "maskctl.layers.base" in loaded
    assert [] == sorted(name for name in loaded if name.startswith("numpy"))


def test_version(run: Runner) -> None:
    """--version says the version, also in a clone that is not installed."""
    import maskctl

    assert (0, f"maskctl, version {maskctl.__version__}\n", "") == run("--version")


def test_no_command(run: Runner) -> None:
    """Without a command the help is shown; whether that is an error depends on the version of click."""
    result = run()
    assert result.code in {0, 2}
    assert "Usage: maskctl" in result.out + result.err
