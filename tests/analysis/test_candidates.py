"""The order in which changes of masks are tried."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from maskctl.analysis.candidates import candidates
from maskctl.analysis.cost import Costs
from maskctl.analysis.metrics import Comparison
from maskctl.analysis.sensitivity import LayerLoss
from maskctl.executor.policy import Policy
from maskctl.graph.model import load


def test_what_the_outputs_show_comes_first(tmp_path: Path) -> None:
    """Where the effects of single layers were measured they order the changes, and none is lost that helps its own layer."""
    path = tmp_path / "net.param"
    lines = ["Input data 0 1 data", "Convolution one 1 1 data x 0=8 1=1 6=64", "Convolution two 1 1 x y 0=8 1=1 6=64"]
    path.write_text("\n".join(["7767517", "3 3", *lines, ""]))
    path.with_suffix(".bin").write_bytes(2 * (bytes(4) + np.ones(64, "<f4").tobytes()))
    model, policy = load(path), Policy("fp16")
    losses = [LayerLoss(op, step) for op, step in zip(model.operators, policy.steps(model), strict=True)][1:]
    for loss, noise in zip(losses, (8.0, 2.0), strict=True):
        loss.layerwise, loss.layerwise_storage = (Comparison(elements=1, signal=100.0, noise=n) for n in (noise, 1.0))
    costs = Costs(model, {"data": (8, 9, 9)}, policy)
    own = [[*found.bits] for found in candidates(model, policy, losses, costs, storage=False)]
    for loss, noise in zip(losses, (0.5, 5.0), strict=True):
        loss.alone = {
            kind: {"y": Comparison(elements=1, signal=100.0, noise=n)}
            for kind, n in (("whole", noise), ("storage", 0.6))
        }
    at_outputs = [[*found.bits] for found in candidates(model, policy, losses, costs, storage=False)]
    assert ([[1], [2]], [[2], [1]]) == (own, at_outputs)
