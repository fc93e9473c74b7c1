"""What lowering one layer, or all but one, does to the outputs: the sums of whole runs from scratch, and their order."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskctl.analysis.alone import Effect, effect
from maskctl.analysis.analyze import Analysis, analyze
from maskctl.analysis.causes import ranked, right_bit
from maskctl.analysis.kinds import KINDS, Setting
from maskctl.analysis.metrics import SQNR
from maskctl.analysis.sensitivity import LayerLoss, Wishes
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.samples import Samples
from maskctl.executor.suffixes import LayerRun, under
from maskctl.graph.model import Model
from maskctl.layers.base import Array
from tests.analysis.made import Network, first, samples, stacked, values
from tests.executor.graphs import networks

NAMES = tuple(KINDS)


def brute_force(
    model: Model, inputs: dict[str, Array], runs: list[LayerRun], changed: dict[int, LayerRun]
) -> dict[str, Array]:
    """All blobs of a run from scratch in which some layers run another way."""
    blobs = dict(inputs)
    for op in model.operators:
        if op.layer.type != "Input":
            way = changed.get(op.layer.index, runs[op.layer.index])
            blobs.update(zip(op.layer.tops, way(tuple(blobs[name] for name in op.layer.bottoms)), strict=True))
    return blobs


def runs_of(model: Model, policy: Policy, samples_in_a_pass: int, raised: int | None = None) -> list[LayerRun]:
    """How every layer runs under a policy."""
    steps = enumerate(policy.steps(model, raised))
    return [under(model, index, step, policy.target, samples_in_a_pass) for index, step in steps]


def losses(found: Analysis) -> dict[int, LayerLoss]:
    """The losses by layer."""
    return {row.layer.index: row.loss for row in found.rows}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(6), st.integers(0, 99), st.integers(1, 3), st.sampled_from(["fp16", "bf16"]))
def test_alone_is_brute_force(model: Model, seed: int, count: int, precision: str) -> None:
    """For each layer and kind of loss, on random graphs: the sums at every output are those of a run from scratch, to the bit."""
    rng = np.random.default_rng(seed)
    given_samples = samples(*(rng.standard_normal((4, 5, 3)).astype(np.float32) for _ in range(count)))
    inputs = stacked(given_samples)
    found = losses(analyze(model, given_samples, precision, wishes=Wishes("alone", NAMES)))
    runs = runs_of(model, Policy("fp32"), count)
    exact = brute_force(model, inputs, runs, {})
    ranges = {name: float(np.abs(blob).max()) for name, blob in exact.items()}
    setting = Setting(model, Policy(precision), count, ranges)
    for index, loss in found.items():
        ways = {name: kind.way(setting, index) for name, kind in KINDS.items()}
        assert {name for name, way in ways.items() if way} == set(loss.alone)
        for name, way in ways.items():
            if way:
                whole = brute_force(model, inputs, runs, {index: way})
                assert effect(exact, whole, whole, model.outputs, range(count)) == loss.alone[name]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(6), st.integers(0, 99))
def test_leaving_out_is_brute_force(model: Model, seed: int) -> None:
    """For each layer, on random graphs: a run from scratch in which that layer is fp32 and all others are lowered."""
    blob = np.random.default_rng(seed).standard_normal((4, 5, 3)).astype(np.float32)
    inputs = {"data": blob[None]}
    found = losses(analyze(model, samples(blob), wishes=Wishes("leave-one-out")))
    exact = run(model, inputs, keep=["*"])
    for index, loss in found.items():
        whole = brute_force(model, inputs, runs_of(model, Policy("fp16"), 1, index), {})
        assert effect(exact, whole, whole, model.outputs, [0]) == loss.leave_one_out


def test_a_layer_left_out_reads_what_arrives() -> None:
    """Left out, a layer takes its rounded input and gives an fp32 output, which the next layer rounds."""
    network = (
        Network().convolution("a", "data", [[1 / 3]]).convolution("b", "a", [[1 / 3]]).convolution("c", "b", [[1.0]])
    )
    model = network.model()
    steps = Policy("fp16").steps(model, raised=2)
    assert ["fp16", "fp32", "fp16"] == [step.stored for step in steps[1:]]
    assert ("fp32",) == steps[3].arrives


def test_ranks_of_scopes() -> None:
    """A scope ranks by its own figure: by the effect on the output a layer that a later one silences comes last."""
    network = (
        Network()
        .layer("Split split 1 2 data x y")
        .convolution("loud", "x", [[1 / 3]])
        .convolution("silent", "y", [[0.1]])
        .layer("BinaryOp scaled 1 1 silent scaled 0=2 1=1 2=0.0")
        .layer("BinaryOp sum 2 1 loud scaled sum 0=0")
    )
    by_scope = {
        scope: [row.layer.name for row in analyze(network.model(), values(0.7), wishes=Wishes(scope)).rows]
        for scope in ("layerwise", "graphwise", "alone", "leave-one-out")
    }
    assert by_scope["alone"].index("silent") > by_scope["alone"].index("loud")
    silent = next(
        row.loss
        for row in analyze(network.model(), values(0.7), wishes=Wishes("alone")).rows
        if row.layer.name == "silent"
    )
    assert 0 == silent.alone["whole"]["sum"].noise < silent.layerwise.noise


def test_leaving_out_ranks_what_heals_first() -> None:
    """Without the layer that overflows the output is finite: it comes first, and those whose output stays NaN last."""
    network = (
        Network()
        .convolution("a", "data", [[0.5]])
        .convolution("over", "a", [[8.0], [-8.0]])
        .convolution("c", "over", [[0.25, 0.25]])
        .layer("ReLU d 1 1 c d")
    )
    found = analyze(network.model(), values(20000.0), wishes=Wishes("leave-one-out"))
    assert [True] * len(found.rows) == [bool(row.loss.leave_one_out) for row in found.rows]
    order = [SQNR.of(row.loss.leave_one_out["d"]) for row in found.rows]
    finite = [value for value in order if not np.isnan(value)]
    assert finite == sorted(finite, reverse=True) == order[: len(finite)]


@pytest.mark.parametrize(
    ("whole", "plain", "storage", "expected"),
    [
        ((100, 0), (1, 0), (0.5, 0), 64),
        ((100, 0), (90, 0), (1, 0), 1),
        ((100, 0), None, (1, 0), 1),
        ((100, 0), None, (90, 0), 2),
        ((100, 0), None, None, 2),
        ((0, 0), None, None, 0),
        ((5, 3), (50, 0), (1, 0), 64),
        ((5, 3), (5, 3), (50, 0), 1),
        ((5, 3), (5, 3), (5, 3), 2),
    ],
)
def test_the_right_bit(
    whole: tuple[float, int], plain: tuple[float, int] | None, storage: tuple[float, int] | None, expected: int
) -> None:
    """The bit is that of the stage which takes most of the loss with it: 64 winograd, 1 sums, 2 storage; lost before noise."""
    model = Network().convolution("a", "data", [[1.0]]).model()
    loss = LayerLoss(model.operators[1], Policy("fp16").steps(model)[1])
    stages = ((loss.layerwise, whole), (loss.layerwise_no_winograd, plain), (loss.layerwise_storage, storage))
    for sums, given_figures in stages:
        if given_figures:
            sums.noise, sums.lost, sums.elements = given_figures[0], given_figures[1], 10
    assert expected == right_bit(loss)


def test_the_right_bit_of_real_layers() -> None:
    """A layer of many terms loses in its sums: bit 1. One whose output leaves the range needs 32-bit storage: bit 2."""
    rng = np.random.default_rng(0)
    deep = Network().convolution("deep", "data", rng.standard_normal((4, 512)))
    blob = rng.standard_normal((512, 2, 2)).astype(np.float32)
    assert 1 == right_bit(analyze(deep.model(), samples(blob)).rows[0].loss)
    beyond = Network().convolution("beyond", "data", [[2.0]])
    assert 2 == right_bit(analyze(beyond.model(), values(40000.0)).rows[0].loss)
    winograd = Network().convolution("w", "data", rng.standard_normal((16, 16, 3, 3)))
    found = analyze(winograd.model(), samples(rng.standard_normal((16, 12, 12)).astype(np.float32)))
    assert 64 == right_bit(found.rows[0].loss)


def test_only_the_worst_samples_rank() -> None:
    """With `worst` the rows are those of an analysis of these samples alone, under their own numbers; outputs are of all."""
    model = Network().convolution("conv", "data", [[1 / 3, 0.1]]).model()
    rng = np.random.default_rng(1)
    blobs = [(rng.standard_normal((2, 3, 3)) * scale).astype(np.float32) for scale in (1, 1, 1e-6, 1, 3e-6)]
    given_samples: Samples = samples(*blobs)
    found = analyze(model, given_samples, wishes=Wishes(worst=2))
    assert (2, 4) == found.measured
    only = analyze(model, first(given_samples, [2, 4]))
    left, right = (dataclasses.asdict(part.rows[0].loss.layerwise) for part in (found, only))
    assert (4, 1) == (left.pop("worst"), right.pop("worst"))
    assert left == right
    assert analyze(model, given_samples).plan.before == found.plan.before


def test_a_blob_that_counts_as_output() -> None:
    """With `outputs` a blob within the network is what must reach the goal, and what effects are read at."""
    network = Network().convolution("a", "data", [[1 / 3]]).layer("ReLU b 1 1 a b")
    found = analyze(network.model(), values(0.7), wishes=Wishes("alone", outputs=("a",)))
    assert ["a"] == list(found.plan.before.outputs)
    effects: dict[str, Effect] = {row.layer.name: row.loss.alone["whole"] for row in found.rows}
    assert 0 < effects["a"]["a"].noise
    assert 0 == effects["b"]["a"].noise


def test_nan_is_worst_in_every_scope() -> None:
    """A layer whose effect is NaN comes before every other, whatever the scope."""
    network = Network().convolution("fine", "data", [[0.3]]).convolution("over", "fine", [[8.0], [1.0]])
    found = losses(analyze(network.model(), values(60000.0), wishes=Wishes("alone")))
    for scope in ("layerwise", "graphwise", "alone"):
        assert "over" == ranked(tuple(found.values()), scope)[0].op.layer.name
