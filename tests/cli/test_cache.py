"""An interrupted analysis goes on where it was, and one that ends leaves nothing behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskctl.analysis.evidence import Evidence
from maskctl.analysis.measuring import Crew
from maskctl.analysis.metrics import compare
from maskctl.analysis.overflow import Overflow
from maskctl.analysis.pool import Shares
from maskctl.analysis.tasks import Measured, Task
from maskctl.cli.cache import FOLDER
from maskctl.cli.written import from_json, to_json
from maskctl.executor.suffixes import Effort
from tests.cli.driver import SAMPLES, Runner, environment

COMMAND = ("analyze", "digits_overflow.param", "-i", "few.npy", "--target-sqnr", "60", "--json", "-")


@pytest.fixture(name="trials")
def fixture_trials(digits: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[int, int]]:
    """The masks that are really tried; the fourth trial is an interrupt."""
    with np.load(SAMPLES / "digits_test.npz") as images:
        np.save(digits / "few.npy", images["image"][:8])
    tried: list[dict[int, int]] = []
    evaluate = Shares.evaluate

    def counted(shares: Shares, masks: dict[int, int]) -> Any:
        tried.append(dict(masks))
        if len(tried) == 4:
            raise KeyboardInterrupt
        return evaluate(shares, masks)

    monkeypatch.setattr(Shares, "evaluate", counted)
    return tried


def test_goes_on_where_it_was(run: Runner, trials: list[dict[int, int]]) -> None:
    """After an interrupt no trial is done twice, the answer is that of a run without a break, and nothing is left."""
    assert 130 == run(*COMMAND).code
    assert Path(FOLDER).is_dir()
    resumed = run(*COMMAND)
    assert re.match(rf"maskctl: note: 3 trials and \d+ measurements of an interrupted run in {FOLDER};", resumed.err)
    assert not Path(FOLDER).exists()
    before, after = trials[:3], trials[4:]
    assert [] == [masks for masks in after if masks in before]
    whole = run(*COMMAND, "--no-cache")
    assert (json.loads(whole.out), "") == (json.loads(resumed.out), whole.err)


def test_other_samples_know_nothing(run: Runner, digits: Path, trials: list[dict[int, int]]) -> None:
    """Trials on other samples, weights or in another precision are not taken."""
    assert 130 == run(*COMMAND).code
    np.save(digits / "few.npy", np.load(digits / "few.npy")[:7])
    assert "" == run(*COMMAND).err
    assert {} in trials[4:]


def test_a_check_that_was_mended_is_asked_again(run: Runner, digits: Path, trials: list[dict[int, int]]) -> None:
    """Trials are forgotten where a file that the check's command names was changed; measurements stay."""
    Path("score.py").write_text("")
    command = (*COMMAND, "--check", f"{sys.executable} score.py")
    assert 130 == run(*command).code
    Path("score.py").write_text("print()")
    assert re.match(r"maskctl: note: \d+ measurements of ", run(*command).err)
    assert trials[0] in trials[4:]
    assert not (digits / FOLDER).exists()


def test_lines_cut_short(run: Runner, trials: list[dict[int, int]]) -> None:
    """What a kill left half written is passed over."""
    assert 130 == run(*COMMAND).code
    file = next(Path(FOLDER).iterdir())
    file.write_text(file.read_text()[:-40] + '\n{"trial": "x", "outcome": {}}\nnull\n')
    assert "note: 2 trials and " in run(*COMMAND).err
    assert trials


def test_damaged_bytes(run: Runner, trials: list[dict[int, int]]) -> None:
    """Bytes that are no text cost the line they are in and no other."""
    assert 130 == run(*COMMAND).code
    file = next(Path(FOLDER).iterdir())
    file.write_bytes(b"\xff\xfe\n" + file.read_bytes())
    assert "note: 3 trials and " in run(*COMMAND).err
    assert trials


@pytest.mark.parametrize(("in_the_way", "said"), [("", " The same command goes on from here."), ("a file", "")])
def test_says_whether_it_goes_on(run: Runner, trials: list[dict[int, int]], in_the_way: str, said: str) -> None:
    """An interrupt among the trials says that the same command goes on, and does not where nothing could be kept."""
    if in_the_way:
        Path(FOLDER).write_text(in_the_way)
    result = run(*COMMAND)
    assert (130, f"maskctl: interrupted; nothing was written.{said}") == (result.code, result.err.strip())
    assert 4 == len(trials)


def test_no_cache(run: Runner, trials: list[dict[int, int]]) -> None:
    """With --no-cache nothing is written."""
    assert 130 == run(*COMMAND, "--no-cache").code
    assert not Path(FOLDER).exists()
    assert 4 == len(trials)


INTERRUPTED = """
import os, signal
from maskctl.analysis import pool, tasks
from maskctl.analysis.measuring import Measuring
from maskctl.cli import main
pool._WORTH_A_PROCESS_US = -1
tasks._LEAST_US = 0
took = Measuring._took
def took_and_told(measuring, *done):
    took(measuring, *done)
    if len(measuring._found) == {tasks}:
        os.kill(os.getpid(), signal.SIGINT)
Measuring._took = took_and_told
main()
"""


@pytest.mark.parametrize(("jobs", "tasks"), [("1", 4), ("2", 8)])
@pytest.mark.parametrize("scope", ["layerwise", "alone"])
def test_an_interrupt_while_measuring(
    run: Runner, digits: Path, monkeypatch: pytest.MonkeyPatch, jobs: str, tasks: int, scope: str
) -> None:
    """After Ctrl-C the layers known are shown as partial; the next run measures only the others, and its answer is whole."""
    with np.load(SAMPLES / "digits_test.npz") as images:
        np.save(digits / "few.npy", images["image"][:2])
    asked = ("analyze", "digits_overflow.param", "-i", "few.npy", "--scope", scope, "--jobs", jobs, "--kind", "int8")
    command = [sys.executable, "-c", INTERRUPTED.format(tasks=tasks), *asked]
    cut = subprocess.run(command, cwd=digits, env=environment(), capture_output=True, text=True, check=False)
    known = re.search(r"^Partial: (\d+) of \d+ layers were measured over all samples", cut.stdout, flags=re.MULTILINE)
    assert (130, "maskctl: interrupted; nothing was written. The same command goes on from here.") == (
        cut.returncode,
        cut.stderr.strip(),
    )
    assert known is not None
    assert "layer dB" in cut.stdout
    done: list[Task] = []
    do = Crew.do

    def noted(crew: Crew, place: int, task: Task, ranges: dict[str, float]) -> Measured:
        done.append(task)
        return do(crew, place, task, ranges)

    monkeypatch.setattr(Crew, "do", noted)
    resumed = run(*asked, "--json", "-")
    again = [(task.number, index) for task in done if task.method == "layers" for index in task.indices]
    assert re.match(r"maskctl: note: \d+ measurements of an interrupted run", resumed.err)
    done.clear()
    whole = run(*asked, "--json", "-", "--no-cache")
    afresh = [(task.number, index) for task in done if task.method == "layers" for index in task.indices]
    assert len(again) + int(known[1]) * len({number for number, _ in afresh}) <= len(afresh)
    assert (whole.code, whole.out) == (resumed.code, resumed.out)
    assert not Path(FOLDER).exists()


def test_what_is_written_comes_back() -> None:
    """Sums, evidence and overflows are the same after JSON, fractions, infinities and keys that are numbers included."""
    sums = compare(reference=np.array([0.1, -3], np.float32), actual=np.array([0.1, 7], np.float32))
    overflow = Overflow("sum", "sum reaches", 7e4, 65504.0, (1, 2, 3), 0, order=(1, 2.5))
    losses: dict[int, Mapping[str, Any]] = {
        3: {"alone": {"whole": {"out": sums}}, "overflow": overflow, "evidence": {"largest": Evidence("a", 1.5, (), 2)}}
    }
    found = Measured(losses, Effort(5, 9))
    assert found == from_json(json.loads(json.dumps(to_json(found))))


@pytest.mark.parametrize("stored", [{"is": "Path", "path": "x"}, {"is": "Effort"}, {}, {"fraction": "x"}])
def test_what_is_not_ours_is_refused(stored: object) -> None:
    """Only the kinds of values that are written are made again, with all their fields."""
    with pytest.raises((ValueError, KeyError)):
        from_json(stored)
