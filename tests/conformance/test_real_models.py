"""Whole real models beside the live arm64 engine: losses of the blobs that matter, kernel by kernel agreement, NaN included.

Runs where it is asked for (MASKCTL_REAL_MODELS=1, some minutes), the engine is set up (MASKCTL_ARM64_PYTHON) and the models are
there (MASKCTL_SHARED).
"""

from __future__ import annotations

import math
import os

import pytest

from conformance.models import BY_NAME, by_kernel, figures, verified
from maskctl.peers.ncnn_engine import NcnnEngine
from tests.shared_models import SHARED

PYTHON = os.environ.get("MASKCTL_ARM64_PYTHON", "")
ENGINE = NcnnEngine((PYTHON,), timeout_s=900)
NAN = math.nan

TABLE = {
    ("squeezenet_v1.1", "conv1"): (73.54, 58.00, 58.00, 47.87),
    ("squeezenet_v1.1", "fire2/expand3x3"): (65.78, NAN, 50.82, 45.15),
    ("squeezenet_v1.1", "conv10"): (59.46, NAN, 42.88, NAN),
    ("nanodet_m", "833"): (54.95, 36.01, 36.01, 32.26),
    ("scrfd_500m-opt2", "536"): (60.14, 33.62, 33.08, 37.12),
    ("upconv7", "conv6"): (60.56, 38.80, 41.51, 41.66),
}
"""SQNR in dB that the engine was measured to have: fp16 storage, fp16, fp16 without winograd, bf16."""
PRECISIONS = ("fp16-storage", "fp16", "fp16, no winograd", "bf16")
RUNS = [(model, precision) for model in BY_NAME for precision in PRECISIONS]

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("MASKCTL_REAL_MODELS"), reason="takes minutes: set MASKCTL_REAL_MODELS=1, as .ci/run does"
    ),
    pytest.mark.skipif(not PYTHON, reason="no arm64 engine: set MASKCTL_ARM64_PYTHON (see setup-arm64.sh)"),
    pytest.mark.skipif(
        not all((SHARED / "models" / f"{name}.bin").exists() for name in BY_NAME),
        reason=f"no models in {SHARED}; set MASKCTL_SHARED",
    ),
]


@pytest.mark.parametrize(("model", "precision"), RUNS)
def test_a_whole_run_is_the_engines(model: str, precision: str) -> None:
    """Losses are those measured before within 0.5 dB, predicted and real; NaN is at the same places; kernels have 99.9 % of the bits.

    Every kernel is fed what the engine fed it.
    """
    found = verified(BY_NAME[model], precision, SHARED, ENGINE)
    for name, blob in BY_NAME[model].shown.items():
        row = figures(next(row for row in found.rows if row.blob == blob))
        expected = TABLE[model, name][PRECISIONS.index(precision)]
        assert expected == pytest.approx(row["real_db"], abs=0.5, nan_ok=True), name
        assert expected == pytest.approx(row["predicted_db"], abs=0.5, nan_ok=True), name
    assert [] == [row.blob for row in found.rows if not row.same_non_finite]
    kernels = by_kernel(BY_NAME[model], precision, SHARED, found)
    shares = {name: sums["equal"] / sums["elements"] for name, sums in kernels.items()}
    assert {} == {name: share for name, share in shares.items() if share < 0.999}
