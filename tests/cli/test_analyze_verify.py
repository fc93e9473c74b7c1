"""`maskctl analyze --verify`: the plan in a real engine before it is written; the engine here is of the test's making."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from maskctl.analysis.fences import with_fences_in
from maskctl.cli.plan_proof import plan_files
from maskctl.executor.policy import Policy
from maskctl.executor.run import run as run_model
from maskctl.graph.model import load
from maskctl.layers.base import Array
from maskctl.param.fence import Fence
from maskctl.peers.ncnn_engine import Job, NcnnEngine, Observation
from maskctl.targets.arm82 import ARM82
from tests.cli.driver import SAMPLES, Runner, state

COMMAND = ("analyze", "digits_overflow.param", "-i", "few.npy", "--verify", "--write")


@pytest.fixture(name="engine")
def fixture_engine(digits: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets up an engine that computes what is predicted, with noise of this much of the outputs."""
    with np.load(SAMPLES / "digits_test.npz") as images:
        np.save(digits / "few.npy", images["image"][:8])

    def set_up(noise: float) -> None:
        def observe(_: NcnnEngine, job: Job) -> Observation:
            found = run_model(load(job.param, job.weights), job.inputs, Policy("fp16"), keep=["*"])
            blobs: dict[str, Array] = {name: found[name] * np.float32(1 + noise) for name in job.blobs}
            return Observation(blobs, "of the test")

        monkeypatch.setattr(NcnnEngine, "observe", observe)
        monkeypatch.setattr("maskctl.peers.engines.preferred", lambda: "host")
        monkeypatch.setattr("maskctl.peers.engines.target_of", lambda _: ARM82)

    return set_up


def test_engine_agrees(run: Runner, digits: Path, engine: Callable[[float], None]) -> None:
    """Where the engine reaches the target as predicted, that is said with its figures, and the masks are written."""
    engine(0.0)
    before = state(digits)
    result = run(*COMMAND)
    assert 0 == result.code
    assert "The real engine (ncnn of the test, host), 8 samples: worst output 58.5 dB" in result.out
    assert ": cosine 0.999 is reached.\nWrote 1 mask to digits_overflow.param." in result.out
    assert before != state(digits)


def test_engine_disagrees(run: Runner, digits: Path, engine: Callable[[float], None]) -> None:
    """Where the engine's outputs are not as predicted, that is a finding, nothing is written and the exit status is 1."""
    engine(0.1)
    before = state(digits)
    result = run(*COMMAND)
    assert 1 == result.code
    assert "Finding: Output 'prob': 58.5 dB are predicted" in result.out
    assert before == state(digits)
    printed = run(*COMMAND[:-1], "-o", "-")
    assert (1, "", True) == (printed.code, printed.out, "Finding: " in printed.err)


def test_engine_of_another_target(run: Runner, digits: Path, engine: Callable[[float], None]) -> None:
    """An engine that runs on another target is refused before the work."""
    engine(0.0)
    result = run(*COMMAND, "--target", "x86")
    said = (
        "maskctl: --verify: the engine that is set up (host) runs on arm82, and masks are asked for x86. "
        "Give --target arm82, or verify on a machine of that kind.\n"
    )
    assert (2, said) == (result.code, result.err)
    assert digits.exists()


def test_the_check_is_asked_of_the_engine(run: Runner, digits: Path, engine: Callable[[float], None]) -> None:
    """A check of one's own gets the engine's outputs of all samples, and its score counts as the targets do."""
    engine(0.0)
    script = "import numpy,sys;print(len(numpy.load(sys.argv[1])['prob']))"
    check = f'{sys.executable} -c "{script}"'
    reached = run(*COMMAND, "--check", check, "--target-check", "8", "--target-cos", "0.999")
    assert 0 == reached.code
    assert digits.exists()
    assert ", check 8: cosine 0.999 and the check's 8 is reached.\n" in reached.out


def test_made_up_weights_are_the_same_in_the_engine(tmp_path: Path) -> None:
    """Layers behind a fence keep the made-up weights that they had without it, in the engine's file too."""
    path = tmp_path / "net.param"
    lines = [
        "Input data 0 1 data",
        *(f"Convolution c{n} 1 1 {a} {b} 0=4 1=1 6=16" for n, a, b in ((1, "data", "x"), (2, "x", "y"))),
    ]
    path.write_text("\n".join(["7767517", "3 3", *lines, ""]))
    plain = load(path, "random:7")
    fenced = with_fences_in(plain, [Fence(2, 0)])
    analysis: Any = SimpleNamespace(model=fenced, masks={})
    planned, weights = plan_files(analysis, tmp_path, {"bin_path": None, "made_up": "random:7"})
    found = load(planned.document.path, weights).weights.tensors
    np.testing.assert_array_equal(plain.weights.tensors[2]["weight"], found[3]["weight"])
