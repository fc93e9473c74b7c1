"""A few bytes that claim much: layers and inputs of thousands of millions of elements are refused in 2 GB of memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import param_text
from tests.cli.driver import environment, program

resource = pytest.importorskip("resource", reason="this system has no limits on memory to run into")

INPUT = "Input i 0 1 i 0=4 1=4 2=2"
MOST = 2**31 - 1
NETWORKS = {
    "weights": ("Input i 0 1 i 0=1", f"InnerProduct p 1 1 i o 0={MOST} 2={MOST}"),
    "input": (f"Input i 0 1 i 0={MOST} 1={MOST} 2={MOST}", "ReLU r 1 1 i o"),
    "a long input": (f"Input i 0 1 i 0={MOST}", "ReLU r 1 1 i o"),
    "padding": (INPUT, f"Padding p 1 1 i o 0={MOST} 1={MOST}"),
    "resizing": (INPUT, f"Interp p 1 1 i o 0=2 3={MOST} 4={MOST}"),
    "data": (f"MemoryData m 0 1 m 0={MOST} 1={MOST}", "ReLU r 1 1 m o"),
    "dilation": (INPUT, f"Convolution c 1 1 i o 0=1 1=3 2={MOST} 4=-233 6=18"),
    "stride": (INPUT, f"Deconvolution c 1 1 i o 0=1 1=1 3={MOST} 6=2"),
}


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program(*arguments),
        cwd=folder,
        env=environment(OPENBLAS_NUM_THREADS="1"),
        preexec_fn=_limit,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not hold processes to such limits")
@pytest.mark.parametrize("name", NETWORKS)
def test_huge_claims(tmp_path: Path, name: str) -> None:
    """`show` tells what is claimed without taking memory, and `run` and `analyze` refuse it in words."""
    (tmp_path / "net.param").write_bytes(param_text(*NETWORKS[name]))
    shown = _run(tmp_path, "show", "net.param")
    assert (0, "") == (shown.returncode, shown.stderr)
    for command in ("run", "analyze"):
        refused = _run(tmp_path, command, "net.param", "--weights", "random:1")
        assert (2, "maskctl: ") == (refused.returncode, refused.stderr[:9]), refused.stderr
