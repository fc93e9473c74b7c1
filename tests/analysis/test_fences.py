"""Fences in a plan: a layer in the middle of a network in 32 bits without all that feeds it."""

from __future__ import annotations

import numpy as np
import pytest

from maskctl.analysis.analyze import Analysis, analyze
from maskctl.analysis.decide import Terms
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model
from maskctl.targets import DEFAULT
from maskctl.targets.storage import hazards
from tests.analysis.made import Network, samples, stacked

LARGE, BACK = 4, 5


@pytest.fixture(name="model", scope="module")
def fixture_model() -> Model:
    """Three large convolutions, then one whose outputs fp16 cannot hold and one that brings them back."""
    rng = np.random.default_rng(5)
    weight = rng.standard_normal((32, 32, 3, 3)).astype(np.float32) / 17
    network, bottom = Network(), "data"
    for name in ("a", "b", "c"):
        network.convolution(name, bottom, weight)
        bottom = name
    thin = rng.standard_normal((4, 32)).astype(np.float32)
    return network.convolution("large", "c", 2e5 * thin).convolution("back", "large", 1e-5 * thin.T).model()


GIVEN = samples(np.random.default_rng(6).standard_normal((32, 12, 12)).astype(np.float32))


@pytest.fixture(name="found", scope="module")
def fixture_found(model: Model) -> Analysis:
    """The analysis with fences allowed."""
    return analyze(model, GIVEN, terms=Terms(fences=True))


def test_fence_in_place_of_a_prefix(model: Model, found: Analysis) -> None:
    """The layer whose values leave fp16 gets one fence and the reader of them bit 2, and all before them nothing."""
    plain = analyze(model, GIVEN)
    assert {1, 2, 3, LARGE, BACK} == set(plain.masks)
    assert ["large_in0_fp32"] == [layer.name for layer in found.fence_layers]
    assert {LARGE + 1: 2, BACK + 1: 2} == found.masks
    assert (True, True) == (plain.plan.reached, found.plan.reached)
    assert 0 < found.decision.added < plain.decision.added


def test_what_is_proposed_is_what_runs(model: Model, found: Analysis) -> None:
    """No mask is unsafe, the outcome is that of a run of the text with fences, and fences alone change no value."""
    graph = found.model.graph
    assert () == hazards(graph, DEFAULT, [found.masks.get(layer.index, 0) for layer in graph.layers])
    inputs = stacked(GIVEN)
    after = found.plan.after.outputs["back"]
    lowered = run(found.model, inputs, Policy("fp16", masks=found.masks))["back"]
    noise = float(np.sum((run(model, inputs)["back"].astype(np.float64) - lowered) ** 2))
    assert after.noise == pytest.approx(noise)
    before, with_fences = (run(of, inputs, Policy("fp16"), keep=["c"])["c"] for of in (model, found.model))
    np.testing.assert_array_equal(before, with_fences)


def test_signs_of_life_and_an_interrupt(model: Model) -> None:
    """Progress says when fences are tried, and an interrupt then gives the plan without them, marked as cut short."""
    seen: list[str] = []

    def told(what: str, _done: int, _total: int) -> None:
        seen.append(what)
        if what.startswith("trying masks") and what.endswith(", fences put in"):
            raise KeyboardInterrupt

    cut = analyze(model, GIVEN, terms=Terms(fences=True), progress=told)
    assert ["measuring layers", "weighing masks", "trying masks"] == list(dict.fromkeys(seen))[:3]
    assert "measuring layers, fences put in" in seen
    assert ((), True, True) == (cut.fences, cut.plan.reached, cut.plan.interrupted)


def test_no_fence_where_none_is_needed() -> None:
    """A network that masks 64 and 1 heal gets no fence."""
    model = Network().convolution("sum", "data", np.full((1, 9), 1.0)).convolution("b", "sum", [[1e-3]]).model()
    given = samples(np.linspace(9000, -8000, 9, dtype=np.float32).reshape(9, 1, 1))
    found = analyze(model, given, terms=Terms(fences=True))
    assert ((), True) == (found.fences, found.plan.reached)
