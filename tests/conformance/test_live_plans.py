"""What the planner calls safe, and the fences it puts in, against real engines: the arm64 one and that of this machine.

Runs where it is asked for (MASKCTL_REAL_MODELS=1, some minutes); set MASKCTL_ARM64_PYTHON to the launcher that
conformance/setup-arm64.sh leaves behind.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from conformance.random_dags import PRECISION, Pair, measure
from maskctl.analysis.metrics import SQNR, compare
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.peers.engines import engine_named, target_of
from maskctl.peers.ncnn_engine import Job
from maskctl.targets.storage import STORAGE_BIT
from tests.conformance.engines import ENGINES

SEED, COUNT = 1000, 20
pytestmark = pytest.mark.skipif(
    not os.environ.get("MASKCTL_REAL_MODELS"), reason="takes minutes: set MASKCTL_REAL_MODELS=1, as .ci/run does"
)


@pytest.fixture(name="pairs", scope="module", params=ENGINES)
def fixture_pairs(request: pytest.FixtureRequest) -> list[Pair]:
    """Random networks in an engine."""
    return measure(request.param, range(SEED, SEED + COUNT))


def test_planned_masks_hold(pairs: list[Pair]) -> None:
    """No random network with planned masks fails in the engine, or is more than 1 dB from the prediction."""
    assert [] == [pair.planned for pair in pairs if not pair.planned.difference_db <= 1]


def test_refused_masks_do_not(pairs: list[Pair]) -> None:
    """Masks that the planner refuses spoil the network, or have the engine read past the end of a blob."""
    refused = [pair for pair in pairs if pair.refused]
    assert len(refused) > COUNT // 4
    assert [] == [pair.refused for pair in refused if pair.is_harmless]


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("channels", [8, 6])
def test_a_fence_casts_and_changes_nothing(name: str, channels: int, tmp_path: Path) -> None:
    """A DeepCopy between 16-bit layers has the bits of what it reads, and a layer behind it runs in 32 bits as predicted."""
    rng, precision, target = np.random.default_rng(3), PRECISION[name], target_of(name)
    weights = [rng.standard_normal(channels * channels * size) / 3 for size in (1, 9)]
    lines = [
        "Input data 0 1 data",
        f"Convolution a 1 1 data a 0={channels} 1=1 6={channels**2}",
        "DeepCopy fence 1 1 a fence",
        f"Convolution out 1 1 fence out 0={channels} 1=3 4=1 6={9 * channels**2} 31={STORAGE_BIT[precision]}",
    ]
    path = tmp_path / "net.param"
    path.write_text("\n".join(["7767517", "4 4", *lines, ""]), encoding="utf-8")
    path.with_suffix(".bin").write_bytes(b"".join(bytes(4) + values.astype("<f4").tobytes() for values in weights))
    data = {"data": rng.standard_normal((1, channels, 9, 9)).astype(np.float32)}
    policy = Policy(precision, target)
    job = Job(path, path.with_suffix(".bin"), data, ("a", "fence", "out"), policy.options)
    real = engine_named(name, 60).run_all([job])[0].blobs
    predicted = run(load(path), data, policy, keep=["*"])
    np.testing.assert_array_equal(real["a"], real["fence"])
    np.testing.assert_array_equal(predicted["a"], real["a"])
    assert SQNR.of(compare(reference=predicted["out"], actual=real["out"])) > 90
