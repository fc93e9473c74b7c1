"""Published int8 networks with made-up weights: every blob of codes is the engine's, on both kinds of CPU."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.graph.weights import write_random
from maskctl.param import parse
from maskctl.peers.ncnn_engine import NcnnEngine
from maskctl.targets import PRECISIONS, TARGETS
from tests.shared_models import SHARED

SQUEEZENET_INT8 = SHARED / "params" / "ncnn-squeezenet_int8.param"
ARM64 = os.environ.get("MASKCTL_ARM64_PYTHON", "")
SEED, SIZE = 3, 64

pytestmark = pytest.mark.skipif(not SQUEEZENET_INT8.exists(), reason=f"no int8 network in {SHARED}; set MASKCTL_SHARED")


def differing(engine: NcnnEngine, target: str, precision: str, folder: Path) -> tuple[int, list[str]]:
    """How many blobs of codes there are, and which of them the engine computes differently."""
    path = folder / "network.param"
    shutil.copyfile(SQUEEZENET_INT8, path)
    write_random(path.with_suffix(".bin"), operators(build(parse(path.read_bytes(), str(path)))), SEED)
    given = {"data": np.random.default_rng(SEED).standard_normal((1, 3, SIZE, SIZE)).astype(np.float32)}
    model = load(path)
    blobs = run(model, given, Policy(precision, TARGETS[target]), keep="*")
    codes = [name for name in model.blobs if blobs[name].dtype == np.int8]
    found = engine.run(path, path.with_suffix(".bin"), given, codes, PRECISIONS[precision])
    return len(codes), [name for name in codes if not np.array_equal(found.blobs[name].astype(np.int8), blobs[name])]


@pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
def test_codes_of_this_machine(tmp_path: Path) -> None:
    """All 24 blobs of codes of the int8 SqueezeNet are what the wheel of this machine computes."""
    assert (24, []) == differing(NcnnEngine(), "x86", "fp32", tmp_path)


@pytest.mark.skipif(not ARM64, reason="no arm64 engine: set MASKCTL_ARM64_PYTHON (see setup-arm64.sh)")
@pytest.mark.parametrize("precision", ["fp32", "fp16", "fp16-storage"])
def test_codes_of_arm64(precision: str, tmp_path: Path) -> None:
    """The same on arm64, with codes made of fp16 values too."""
    assert (24, []) == differing(NcnnEngine((ARM64,)), "arm82", precision, tmp_path)
