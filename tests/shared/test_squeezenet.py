"""The main job on a published model with real weights: SqueezeNet v1.1 on a photo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.shared_models import NEEDS_SQUEEZENET, PHOTO, ROOT, SQUEEZENET

resource = pytest.importorskip("resource")

pytestmark = NEEDS_SQUEEZENET

CPU_LIMIT_S = 20.0


@pytest.fixture(scope="module")
def analysis() -> tuple[dict[str, Any], float]:
    """The analysis as JSON, and the CPU seconds the whole command took."""
    command = [
        sys.executable,
        "-m",
        "maskctl",
        "analyze",
        str(SQUEEZENET),
        "-i",
        f"data={PHOTO}",
        "--mean",
        "104,117,123",
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, "--json", "-"], capture_output=True, check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(done.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_fp16_is_predicted_to_fail(analysis: tuple[dict[str, Any], float]) -> None:
    """As on the device, the output is NaN throughout, and the source is winograd in fire2/expand3x3."""
    report, _ = analysis
    source = next(layer for layer in report["layers"] if layer["name"] == "fire2/expand3x3")
    assert ("nan", 1000) == (report["outputs"][0]["before"]["cosine"], report["outputs"][0]["before"]["lost"])
    assert source["reason"].startswith("winograd overflows at (c=")


def test_it_is_healed_by_switching_winograd_off(analysis: tuple[dict[str, Any], float]) -> None:
    """Bit 64 on two convolutions brings the output back to a cosine of 0.999."""
    report, _ = analysis
    proposed = {layer["proposed"] for layer in report["layers"] if layer["proposed"] != layer["mask"]}
    count = sum(layer["proposed"] != layer["mask"] for layer in report["layers"])
    assert ({64}, 2, True) == (proposed, count, report["reached"])
    assert report["outputs"][0]["after"]["cosine"] >= 0.999


def test_it_takes_less_than_twenty_seconds(analysis: tuple[dict[str, Any], float]) -> None:
    """The whole command takes under 20 s of CPU time, so under 20 s on any number of cores."""
    _, seconds = analysis
    assert seconds < CPU_LIMIT_S
