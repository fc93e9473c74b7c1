"""Recomputes what a witness holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from conformance.case import Case
from conformance.witnesses import Witness
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.numeric.formats import FloatArray
from maskctl.targets import TARGETS


def recomputed(case: Case, witness: Witness, folder: Path) -> FloatArray:
    """What maskctl computes from the witness's model and samples under the case's options, (n, …)."""
    policy = Policy(case.precision, TARGETS[case.target], without=case.without)
    return run(load(witness.write(folder)), {"data": case.fed(witness.inputs)}, policy)["out"].astype(np.float32)
