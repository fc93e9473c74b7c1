"""The x86 target against the ncnn wheel of this machine, on fresh values: as the kind of CPU it has.

Set MASKCTL_CONFORMANCE_SEED for other values than those of the last run.
"""

from __future__ import annotations

import importlib.util
import os
import platform
from pathlib import Path

import numpy as np
import pytest

from conformance.agreement import problem
from conformance.cases import families
from conformance.make_witnesses import collect
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.peers.engines import target_of
from maskctl.peers.ncnn_engine import NcnnEngine

SEED = int(os.environ.get("MASKCTL_CONFORMANCE_SEED", "2026"))
X86 = {
    name: chosen for name, cases in families().items() if (chosen := [case for case in cases if case.target == "x86"])
}

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed"),
    pytest.mark.skipif(platform.machine().lower() not in {"x86_64", "amd64"}, reason="this machine is not x86-64"),
]


@pytest.mark.parametrize("family", X86)
def test_agrees_with_the_engine(family: str, tmp_path: Path) -> None:
    """On fresh values, every case of the family agrees with the engine of this machine as well as it asks."""
    found = {}
    for case, witness in zip(X86[family], collect(NcnnEngine(), X86[family], SEED)[1], strict=True):
        policy = Policy(case.precision, target_of("host"), without=case.without)
        actual = run(load(witness.write(tmp_path)), {"data": case.fed(witness.inputs)}, policy)["out"].astype(
            np.float32
        )
        found[case.name] = problem(case, witness.outputs, actual)
    assert (SEED, dict.fromkeys(found, "")) == (SEED, found)
