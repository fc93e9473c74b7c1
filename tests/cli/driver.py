"""Runs the command line: inside this process through its real entry point, or as a program of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from maskctl.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "sample_models"
GOLDEN = Path(__file__).parent / "golden"


class Result(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


class Runner:
    """Calls commands in this process; the arguments are what stands behind `maskctl` on a command line."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Result:
        """How the command ended and what it printed."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = self._capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Result(left.value.code, out, err)


def environment(**variables: str) -> dict[str, str]:
    """The environment of a program of its own that finds this copy of maskctl."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MASKCTL_", "COLUMNS", "GITHUB_"))
    }
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **variables}


def program(*arguments: str) -> list[str]:
    """The command line of maskctl as a program of its own."""
    return [sys.executable, "-m", "maskctl", *arguments]


def spawn(*arguments: str, folder: Path, **variables: str) -> Result:
    """Runs maskctl as a program of its own in a folder."""
    done = subprocess.run(
        program(*arguments), cwd=folder, env=environment(**variables), capture_output=True, text=True, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


def state(folder: Path) -> Mapping[str, str]:
    """Every file of a folder by name, as a hash of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def check_golden(name: str, arguments: tuple[str, ...], result: Result) -> None:
    """The command, its output and its exit code are those of the golden file; MASKCTL_REGOLD=1 rewrites it."""
    parts = [f"$ maskctl {' '.join(arguments)}\n", result.out]
    if result.err:
        parts.append(f"--- stderr\n{result.err}")
    actual = "".join(parts) + f"--- exit {result.code}\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("MASKCTL_REGOLD") == "1":
        path.write_text(actual, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == actual
