"""What all tests of the command line start from: an empty folder to be in, and a way to call commands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.driver import SAMPLES, Runner


@pytest.fixture(autouse=True)
def pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output goes into a pipe of no width in particular, in no workflow; pytest-xdist sets a width for its workers."""
    for name in ("GITHUB_ACTIONS", "GITHUB_WORKSPACE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASKCTL_MODEL", raising=False)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    """Calls a command in this process."""
    return Runner(capsys)


@pytest.fixture
def digits(folder: Path) -> Path:
    """The current folder, with the sample model that overflows and its images."""
    for name in ("digits_overflow.param", "digits_overflow.bin", "digits_test.npz"):
        shutil.copyfile(SAMPLES / name, folder / name)
    return folder
