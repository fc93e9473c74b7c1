"""A run of the engine that fails is an answer: what came out before, where it ended, and how."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from maskctl.errors import InputError
from maskctl.peers.engines import ARM64_PYTHON, engine_named, preferred, target_of
from maskctl.peers.ncnn_engine import Job, NcnnEngine
from maskctl.targets import PRECISIONS
from maskctl.targets.arm82 import ARM82
from tests.cli.driver import SAMPLES

NEEDS_NCNN = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
IMAGES = np.zeros((2, 1, 8, 8), np.float32)
BLOBS = ("conv1", "conv2", "pool1")
DIGITS = SAMPLES / "digits.param"

CRASHES = """
import os, signal, sys
import numpy as np
for number in range(3):
    np.save(f"{sys.argv[4]}.{number}.npy", np.full(4, number, np.float32))
open(sys.argv[4] + ".version", "w").write("1.2.3")
open(sys.argv[4] + ".failed", "w").write("was killed by signal 11")
"""


def job(param: Path = DIGITS) -> Job:
    """Two samples and three blobs."""
    return Job(param, param.with_suffix(".bin"), {"image": IMAGES}, BLOBS, PRECISIONS["fp32"])


@NEEDS_NCNN
def test_a_whole_run() -> None:
    """Every blob of every sample, the version, and no failure."""
    seen = NcnnEngine().observe(job())
    assert ("", "", [2, 2, 2]) == (seen.failure, seen.failed_at, [len(seen.blobs[name]) for name in BLOBS])
    assert seen.version


def test_a_crash_keeps_what_came_before() -> None:
    """Blobs of which all samples came out are kept; the first that did not is named, with the signal."""
    seen = NcnnEngine((sys.executable, "-c", CRASHES)).observe(
        Job(DIGITS, DIGITS, {"image": IMAGES[:1]}, ("a", "b", "c", "d"), PRECISIONS["fp32"])
    )
    assert ("was killed by signal 11 (SIGSEGV)", "d", "1.2.3") == (seen.failure, seen.failed_at, seen.version)
    assert {"a": 0, "b": 1, "c": 2} == {name: int(values[0, 0]) for name, values in seen.blobs.items()}


def test_a_crash_in_the_second_sample() -> None:
    """A blob of which only the first sample came out is not kept."""
    seen = NcnnEngine((sys.executable, "-c", CRASHES)).observe(
        Job(DIGITS, DIGITS, {"image": IMAGES}, ("a", "b"), PRECISIONS["fp32"])
    )
    assert (["a"], "b", 1) == (sorted(seen.blobs), seen.failed_at, seen.failed_sample)


DIES_LATE = """
import os, sys, types
import numpy as np

class Net:
    def __init__(self): self.opt = types.SimpleNamespace()
    def load_param(self, path): self.path = path; return 0
    def load_model(self, path): return 0
    def create_extractor(self): return types.SimpleNamespace(
        set_light_mode=lambda on: None, input=lambda name, mat: None, extract=lambda name: (0, Mat(np.zeros(4))))
    def __del__(self):
        if self.path.endswith("dies.param"): os.abort()

class Mat(np.ndarray):
    def __new__(cls, values): return np.asarray(values).view(cls)
    dims = 1
    def clone(self): return self

sys.modules["ncnn"] = types.SimpleNamespace(Net=Net, Mat=Mat, __version__="1.2.3")
sys.argv = sys.argv[1:]
exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"))
"""


@pytest.mark.parametrize("one_by_one", [False, True])
def test_only_the_one_that_crashes_is_blamed(*, one_by_one: bool) -> None:
    """A request after whose answer the engine dies keeps its answer, and the next one is run all the same."""
    engine = NcnnEngine((sys.executable, "-c", DIES_LATE))
    jobs = [job(Path("dies.param")), job(Path("lives.param"))]
    if one_by_one:
        assert ["", ""] == [seen.failure for seen in engine.observe_all(jobs)]
    else:
        assert ["1.2.3", "1.2.3"] == [found.version for found in engine.run_all(jobs)]


def test_a_hang() -> None:
    """An engine that never answers is given up after its time, and that is said."""
    engine = NcnnEngine((sys.executable, "-c", "import time; time.sleep(60)"), timeout_s=0.25)
    assert "did not finish within 0.25 s" == engine.observe(job()).failure


LOCKS_UP = """
import os, signal, sys, time, types

class Net:
    def __init__(self): self.opt = types.SimpleNamespace()
    def load_param(self, path):
        if path.endswith("locks_up.param"):
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            open(path + ".pid", "w").write(str(os.getpid()))
            time.sleep(60)
        return 1

sys.modules["ncnn"] = types.SimpleNamespace(Net=Net, __version__="1.2.3")
sys.argv = sys.argv[1:]
exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"))
"""


def test_an_engine_that_does_not_heed_its_alarm(tmp_path: Path) -> None:
    """An emulator can lock up so that no signal but SIGKILL ends it: it is killed, told as a hang, and the next job is run."""
    engine = NcnnEngine((sys.executable, "-c", LOCKS_UP), timeout_s=1)
    jobs = [job(tmp_path / "locks_up.param"), job(Path("other.param"))]
    assert ["did not finish within 1 s", "refuses the model"] == [seen.failure for seen in engine.observe_all(jobs)]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "locks_up.param.pid").read_text(encoding="utf-8")), 0)


@NEEDS_NCNN
def test_a_refusal(tmp_path: Path) -> None:
    """A file the engine refuses is an answer too."""
    broken = tmp_path / "broken.param"
    broken.write_text("7767517\n1 1\nNothing l 0 1 image\n", encoding="utf-8")
    seen = NcnnEngine().observe(job(broken))
    assert ("refuses the model", "") == (seen.failure, seen.failed_at)


def test_a_program_that_is_no_engine() -> None:
    """Its exit code and the last line it wrote are told."""
    engine = NcnnEngine((sys.executable, "-c", "import sys; sys.exit('no ncnn here')"))
    assert "ended with code 1: no ncnn here" == engine.observe(job()).failure


def test_engines_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable the host is preferred and arm64 is refused with what to do; with it arm64 is preferred."""
    monkeypatch.delenv(ARM64_PYTHON, raising=False)
    assert "host" == preferred()
    with pytest.raises(InputError, match=r"MASKCTL_ARM64_PYTHON is not set\. Build one .*setup-arm64\.sh"):
        engine_named("arm64", 1)
    monkeypatch.setenv(ARM64_PYTHON, "/no/such/python")
    with pytest.raises(InputError, match="MASKCTL_ARM64_PYTHON is '/no/such/python', and that is no program"):
        engine_named("arm64", 1)
    monkeypatch.setenv(ARM64_PYTHON, sys.executable)
    assert ("arm64", (sys.executable,)) == (preferred(), engine_named("arm64", 1).python)
    assert ARM82 is target_of("arm64")
