"""Several people edit one file at once: no edit is lost, and nobody waits for the dead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from maskctl.errors import EditRefusedError
from maskctl.param import load
from maskctl.param.exclusive import exclusive
from maskctl.param.write import write
from tests.builders import param_text
from tests.cli.driver import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks: writers there refuse")

PROCESSES, EDITS = 8, 25
HOLD = """import sys, time
from maskctl.param.exclusive import exclusive
with exclusive(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a layer for every edit of every process."""
    found = tmp_path / "net.param"
    found.write_bytes(param_text(*(f"Input l{number} 0 1 b{number}" for number in range(PROCESSES * EDITS))))
    return found


@pytest.fixture
def holder(path: Path) -> subprocess.Popen[str]:
    """A process that has the folder's lock and does not let go."""
    made = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert made.stdout is not None
    assert "held\n" == made.stdout.readline()
    return made


def test_no_edit_is_lost(path: Path) -> None:
    """Of eight processes that set 25 masks each in one file, every edit is there in the end, and none was refused."""
    program = [sys.executable, "-m", "tests.param.writers", "edit", str(path)]
    running = [
        subprocess.Popen(
            [*program, str(first * EDITS), str(EDITS)], env=environment(), stdout=subprocess.PIPE, text=True
        )
        for first in range(PROCESSES)
    ]
    ended = [(process.communicate()[0], process.returncode) for process in running]
    assert [("[]\n", 0)] * PROCESSES == ended
    assert tuple(1 + number % 3 for number in range(PROCESSES * EDITS)) == load(path).masks


def test_waits_and_then_refuses(path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has waited long enough for another one is refused, with the file as it was."""
    monkeypatch.setattr("maskctl.param.exclusive.PATIENCE_S", 0.05)
    before = path.read_bytes()
    with pytest.raises(EditRefusedError) as caught:
        write(load(path).with_masks({0: 1}), path, {0: 1})
    holder.kill()
    holder.communicate()
    expected = (
        f"{path}: another maskctl has been editing in this folder for 0.05 s. Nothing was written. End it, or wait for it, "
        "and run again."
    )
    assert (expected, before) == (str(caught.value), path.read_bytes())


def test_nobody_waits_for_the_dead(path: Path, holder: subprocess.Popen[str]) -> None:
    """The lock of a process that was killed is free at once."""
    holder.kill()
    holder.communicate()
    write(load(path).with_masks({0: 1}), path, {0: 1})
    assert 1 == load(path).masks[0]


@pytest.mark.parametrize("without", ["fcntl", "flock"])
def test_without_locks_the_last_moment_decides(path: Path, monkeypatch: pytest.MonkeyPatch, without: str) -> None:
    """Where there are no locks, an edit that comes in before the renaming is found and refused; it stays."""
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError("no locks here")

    if without == "fcntl":
        monkeypatch.setattr("maskctl.param.exclusive.fcntl", None)
    else:
        monkeypatch.setattr(fcntl, "flock", refuse)
    document = load(path)
    theirs = document.with_masks({1: 2}).to_bytes()
    monkeypatch.setattr("maskctl.param.replace._take_over", lambda *_: path.write_bytes(theirs))
    with exclusive(path), pytest.raises(EditRefusedError, match="was changed by someone else meanwhile"):
        write(document.with_masks({0: 1}), path, {0: 1}, locked=True)
    assert (theirs, [path]) == (path.read_bytes(), list(path.parent.iterdir()))
