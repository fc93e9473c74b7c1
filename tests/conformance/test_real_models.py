"""Whole real models beside the live arm64 engine: losses of the blobs that matter, kernel by kernel agreement, NaN included.

Skipped without the engine (MASKCTL_ARM64_PYTHON) or the models (MASKCTL_SHARED).
"""

from __future__ import annotations

import math
import os
from functools import cache

import pytest

from conformance.models import BY_NAME, by_kernel, figures, verified
from maskctl.analysis.verify import Verification
from maskctl.peers.ncnn_engine import NcnnEngine
from tests.shared_models import SHARED

PYTHON = os.environ.get("MASKCTL_ARM64_PYTHON", "")
ENGINE = NcnnEngine((PYTHON,), timeout_s=1800)
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
    pytest.mark.skipif(not PYTHON, reason="no arm64 engine: set MASKCTL_ARM64_PYTHON (see setup-arm64.sh)"),
    pytest.mark.skipif(
        not all((SHARED / "models" / f"{name}.bin").exists() for name in BY_NAME),
        reason=f"no models in {SHARED}; set MASKCTL_SHARED",
    ),
]


@cache
def run_of(model: str, precision: str) -> Verification:
    """One run of the model on both sides, for all tests."""
    return verified(BY_NAME[model], precision, SHARED, ENGINE)


@pytest.mark.parametrize(("model", "precision"), RUNS)
def test_predicted_losses_are_real(model: str, precision: str) -> None:
    """In a whole run, predicted and real SQNR are those measured before, within 0.5 dB; NaN is NaN."""
    found = run_of(model, precision)
    for name, blob in BY_NAME[model].shown.items():
        row = figures(next(row for row in found.rows if row.blob == blob))
        expected = TABLE[model, name][PRECISIONS.index(precision)]
        assert expected == pytest.approx(row["real_db"], abs=0.5, nan_ok=True), name
        assert expected == pytest.approx(row["predicted_db"], abs=0.5, nan_ok=True), name


@pytest.mark.parametrize(("model", "precision"), RUNS)
def test_the_same_elements_are_not_finite(model: str, precision: str) -> None:
    """In a whole run, every blob has the same elements not finite as in the engine."""
    assert [] == [row.blob for row in run_of(model, precision).rows if not row.same_non_finite]


@pytest.mark.parametrize(("model", "precision"), RUNS)
def test_every_kernel_given_the_engines_inputs(model: str, precision: str) -> None:
    """Fed what the engine fed it, every kernel has at least 99.9 % of the engine's bits."""
    kernels = by_kernel(BY_NAME[model], precision, SHARED, run_of(model, precision))
    shares = {name: sums["equal"] / sums["elements"] for name, sums in kernels.items()}
    assert {} == {name: share for name, share in shares.items() if share < 0.999}
