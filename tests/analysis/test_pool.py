"""Samples and layers shared out over processes: the same figures, and nothing left running."""

from __future__ import annotations

import dataclasses
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import maskctl
from maskctl.analysis import pool, tasks
from maskctl.analysis.analyze import Analysis, analyze
from maskctl.analysis.decide import Terms
from maskctl.analysis.goal import Goal
from maskctl.analysis.measuring import Crew
from maskctl.analysis.metrics import SQNR
from maskctl.analysis.pool import Means
from maskctl.analysis.processes import Process
from maskctl.analysis.sensitivity import Wishes
from maskctl.analysis.trials import Team
from maskctl.errors import ExecutionError
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.samples import Samples
from maskctl.executor.suffixes import identical
from maskctl.graph.model import Model
from tests.analysis.made import Network, first, samples

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "sample_models" / "digits_overflow.param"
EVERYTHING = Wishes("alone", ("no_winograd", "storage", "weights", "blobs", "bf16", "int8", "whole"))


@pytest.fixture(scope="module")
def digits() -> Model:
    """The sample model that overflows."""
    return maskctl.load(MODEL)


@pytest.fixture(scope="module")
def images(digits: Model) -> Samples:
    """Seven digits."""
    return first(maskctl.read_samples(digits, [f"image={MODEL.parent / 'digits_test.npz'}"]), range(7))


def facts(found: Analysis) -> list[object]:
    """Everything measured and proposed, but for the layers themselves."""
    rows = [(row.layer.index, row.loss.sums(), row.mask, row.proposed, row.reason) for row in found.rows]
    return [rows, found.plan, found.effort]


@pytest.mark.parametrize("scope", ["layerwise", "alone", "leave-one-out"])
def test_processes_change_nothing(monkeypatch: pytest.MonkeyPatch, digits: Model, images: Samples, scope: str) -> None:
    """Shared out over three processes, every sum, mask and reason is what one process finds."""
    wishes = dataclasses.replace(EVERYTHING, scope=scope)
    one = analyze(digits, images, wishes=wishes)
    monkeypatch.setattr(pool, "_WORTH_A_PROCESS_US", -1)
    several = analyze(digits, images, wishes=wishes, means=Means(jobs=3))
    assert facts(one) == facts(several)


@pytest.mark.parametrize("scope", ["layerwise", "alone", "leave-one-out"])
@pytest.mark.parametrize("count", [1, 2])
def test_layers_are_shared_out(
    monkeypatch: pytest.MonkeyPatch, digits: Model, images: Samples, scope: str, count: int
) -> None:
    """Where there are fewer samples than processes, these share the layers: every sum, mask, reason and count is the same."""
    wishes, few = dataclasses.replace(EVERYTHING, scope=scope), first(images, range(count))
    one = analyze(digits, few, wishes=wishes)
    monkeypatch.setattr(pool, "_WORTH_A_PROCESS_US", -1)
    monkeypatch.setattr(tasks, "_LEAST_US", 0)
    done: list[tuple[int, tasks.Task]] = []
    do = Crew.do

    def noted(crew: Crew, place: int, task: tasks.Task, ranges: Mapping[str, float]) -> tasks.Measured:
        done.append((place, task))
        return do(crew, place, task, ranges)

    monkeypatch.setattr(Crew, "do", noted)
    assert facts(one) == facts(analyze(digits, few, wishes=wishes, means=Means(jobs=3)))
    assert {0, 1, 2} == {place for place, _ in done}
    assert len({task.indices for _, task in done}) > 3


@pytest.mark.parametrize(
    ("goal", "terms"),
    [
        (Goal(((SQNR, 50.0),)), Terms(front=True, gains=True)),
        (Goal(((SQNR, 90.0),)), Terms(front=True, also_vulkan=True)),
        (Goal(()), Terms(budget=5.0, also_vulkan=True)),
        (Goal(()), Terms(budget=0.5)),
    ],
)
def test_trials_at_once(
    monkeypatch: pytest.MonkeyPatch, digits: Model, images: Samples, goal: Goal, terms: Terms
) -> None:
    """One sample and three processes: masks are tried three at a time, some of them for nothing, and all that is found is the same."""
    one = first(images, range(1))
    alone = analyze(digits, one, goal=goal, terms=terms)
    monkeypatch.setattr(pool, "_WORTH_A_PROCESS_US", -1)
    by: dict[int, int] = {}
    trial = Team.trial

    def noted(team: Team, *masks: Any, **give: Any) -> Any:
        by[id(team)] = by.get(id(team), 0) + 1
        return trial(team, *masks, **give)

    monkeypatch.setattr(Team, "trial", noted)
    assert facts(alone) == facts(analyze(digits, one, goal=goal, terms=terms, means=Means(jobs=3)))
    assert 3 == len(by)


@pytest.mark.parametrize("scope", ["layerwise", "alone", "leave-one-out"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_counts_everything(
    monkeypatch: pytest.MonkeyPatch, digits: Model, images: Samples, scope: str, jobs: int
) -> None:
    """Progress, of other processes too, never runs backwards, comes with every layer, and is at its total when all is done."""
    monkeypatch.setattr(pool, "_WORTH_A_PROCESS_US", -1)
    seen: list[tuple[int, int]] = []
    wishes = dataclasses.replace(EVERYTHING, scope=scope)
    analyze(digits, images, wishes=wishes, means=Means(jobs=jobs), progress=lambda _, *done: seen.append(done))
    seen = [(done, total) for done, total in seen if total]
    assert sorted(seen) == seen
    assert seen[-1][0] == seen[-1][1] <= seen[-2][0] + 1
    assert 10 < len(seen)


def test_what_fails_there_is_raised_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the user's making comes back from the process as itself, with its message."""
    monkeypatch.setattr(pool, "_WORTH_A_PROCESS_US", -1)
    model = Network().convolution("a", "data", [[1e30]]).convolution("b", "a", [[1e30]]).model()
    blob = np.ones((1, 2, 2), np.float32)
    with pytest.raises(ExecutionError, match="output 'b' is not finite in fp32 already"):
        analyze(model, samples(blob, blob), means=Means(jobs=2))


def test_a_process_that_is_killed() -> None:
    """A worker that the system ends is told as such, and is waited for."""
    worker = Process(("not a share",), lambda *_: None, 1)
    worker._process.kill()
    with pytest.raises(ExecutionError, match="ended by itself"):
        worker.answer()
    worker.close()
    assert worker._process.returncode is not None


def test_models_travel(digits: Model) -> None:
    """A model that went to another process gives the same bits: with weights of a file, of a seed and of none."""
    made = Network().convolution("a", "data", [[0.3, -0.7]]).model()
    random = maskctl.load(MODEL, "random:3")
    for model, blob, shape in (
        (digits, "image", (1, 1, 8, 8)),
        (random, "image", (1, 1, 8, 8)),
        (made, "data", (1, 2, 1, 1)),
    ):
        inputs = {blob: np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
        travelled = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own
        for policy in (Policy("fp32"), Policy("fp16")):
            expected, actual = run(model, inputs, policy), run(travelled, inputs, policy)
            assert all(identical(expected[name], actual[name]) for name in expected)


SCRIPT = """
import sys
import numpy as np
import maskctl
from maskctl.analysis import pool, tasks
from maskctl.analysis.pool import Means
pool._WORTH_A_PROCESS_US = -1
model = maskctl.load({model!r})
images = maskctl.read_samples(model, ["image={npz}"])
def told(*_):
    print("measuring", flush=True)
while True:
    maskctl.analyze(model, images, means=Means(jobs=2), progress=told)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc to look for processes in")
def test_an_interrupt_leaves_no_process() -> None:
    """Ctrl-C in the middle ends the workers too: none is left a moment later."""
    script = SCRIPT.format(model=str(MODEL), npz=MODEL.parent / "digits_test.npz")
    started = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        start_new_session=True,
    )
    assert started.stdout is not None
    started.stdout.readline()
    assert 2 <= len(_in_session(started.pid)) - 1
    os.killpg(started.pid, signal.SIGINT)
    started.communicate(timeout=20)
    for _ in range(100):
        if not _in_session(started.pid):
            break
        time.sleep(0.05)
    assert [] == _in_session(started.pid)


def _in_session(session: int) -> list[int]:
    """The processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session:
                    found.append(int(entry.name))
            except ProcessLookupError:
                continue
    return found
