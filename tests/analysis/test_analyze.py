"""The whole analysis: figures pooled over samples however they are cut, and proposals the engine honours."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import maskctl
from maskctl.analysis import pool as pool_room
from maskctl.analysis.analyze import Analysis, analyze
from maskctl.analysis.decide import Terms
from maskctl.analysis.goal import Goal
from maskctl.analysis.metrics import COSINE, SQNR, Comparison, compare
from maskctl.analysis.overflow import Overflow
from maskctl.errors import ExecutionError, InputError
from maskctl.executor import samples as samples_room
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.samples import Samples
from maskctl.graph.model import Model
from maskctl.targets import DEFAULT
from maskctl.targets.arm82 import choice
from maskctl.targets.storage import hazards
from tests.analysis.made import LEAKY, Network, first, samples, stacked, values

SAMPLE_MODELS = Path(__file__).resolve().parent.parent.parent / "sample_models"
CONV3 = 4


@pytest.fixture(scope="module")
def digits() -> Model:
    """The sample model that overflows in conv3."""
    return maskctl.load(SAMPLE_MODELS / "digits_overflow.param")


@pytest.fixture(scope="module")
def images(digits: Model) -> Samples:
    """The first 60 held-out digits."""
    whole = maskctl.read_samples(digits, [f"image={SAMPLE_MODELS / 'digits_test.npz'}"])
    return first(whole, range(60))


@pytest.fixture(scope="module")
def analysis(digits: Model, images: Samples) -> Analysis:
    """Their analysis in fp16."""
    return analyze(digits, images)


def figures(found: Analysis) -> dict[str, dict[str, float]]:
    """All sums of all rows and outputs, by what they belong to."""
    sums: dict[str, Comparison] = {}
    for row in found.rows:
        for name in ("layerwise", "layerwise_storage", "layerwise_no_winograd", "graphwise"):
            sums[f"{row.layer.name} {name}"] = getattr(row.loss, name)
    for name, before in found.plan.before.outputs.items():
        sums[f"{name} before"], sums[f"{name} after"] = before, found.plan.after.outputs[name]
    return {name: dataclasses.asdict(value) for name, value in sums.items()}


def assert_same(expected: Analysis, actual: Analysis) -> None:
    """Two analyses of the same samples in another order or other portions agree to the bit."""
    assert expected.masks == actual.masks
    assert findings(expected) == findings(actual)
    left, right = figures(expected), figures(actual)
    for sums in (*left.values(), *right.values()):
        del sums["worst"]  # its number among the samples
    assert left == right


def findings(found: Analysis) -> dict[str, tuple[int, int, int, Overflow | None, str]]:
    """What was found on each layer, without the digits of its decibels."""
    return {
        row.layer.name: (
            row.mask,
            row.proposed,
            row.loss.graphwise.lost,
            row.loss.overflow,
            re.sub(r"[0-9.]+ dB", "N dB", row.reason),
        )
        for row in found.rows
    }


def test_pooling_is_concatenation(digits: Model, images: Samples, analysis: Analysis) -> None:
    """Graphwise figures of several samples are those of their blobs put one behind another."""
    inputs = stacked(images)
    exact, lowered = run(digits, inputs, keep=["*"]), run(digits, inputs, Policy("fp16"), keep=["*"])
    for row in analysis.rows:
        top = row.layer.tops[0]
        whole = compare(reference=exact[top], actual=lowered[top])
        assert pytest.approx(dataclasses.asdict(whole), rel=1e-9) == dataclasses.asdict(row.loss.graphwise)


def test_layerwise_is_fed_exactly(digits: Model, images: Samples, analysis: Analysis) -> None:
    """The layer behind the overflow loses nothing layerwise and everything graphwise."""
    by_name = {row.layer.name: row.loss for row in analysis.rows}
    assert (0, True) == (by_name["conv4"].layerwise.lost, by_name["conv4"].graphwise.lost > 0)
    assert by_name["conv1"].layerwise == by_name["conv1"].graphwise
    assert len(images) * 8 * 4 * 4 == by_name["conv3"].layerwise.elements
    assert digits.graph.layers[CONV3].name == analysis.rows[0].layer.name


def test_proposal(analysis: Analysis) -> None:
    """conv3 alone gets 31=1, and the re-run with it reaches the default target."""
    assert ({CONV3: 1}, True) == (analysis.masks, analysis.plan.reached)
    assert [(0, 1)] == [(row.mask, row.proposed) for row in analysis.rows if row.proposed != row.mask]
    assert 0.999 <= COSINE.of(analysis.plan.after.outputs["prob"])


@pytest.mark.parametrize("elements", [1, 5_000, 20_000])
def test_portions(
    digits: Model, images: Samples, analysis: Analysis, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples run one by one, or in any portions, give the same analysis as all at once."""
    monkeypatch.setattr(samples_room, "_PORTION_ELEMENTS", elements)
    assert 1 < len(samples_room.batches(digits, images))
    assert_same(analysis, analyze(digits, images))


def test_forgetting_changes_nothing(
    digits: Model, images: Samples, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When blobs are too many to be remembered, every trial is a whole run with the same outcome to the bit."""
    monkeypatch.setattr(pool_room, "_REMEMBERED_ELEMENTS", 0)
    forgetful = analyze(digits, images)
    assert figures(analysis) == figures(forgetful)
    assert_same(analysis, forgetful)


def test_shapes_of_several_sizes() -> None:
    """Samples of different sizes are one analysis, pooled over both, in whichever order they come."""
    network = Network().convolution("conv", "data", [[1 / 3, 0.1]]).layer("Pooling pool 1 1 conv pool 0=1 4=1")
    rng = np.random.default_rng(0)
    small, large, small_too = (
        rng.standard_normal(shape).astype(np.float32) for shape in ((2, 3, 4), (2, 5, 7), (2, 3, 4))
    )
    together = analyze(network.model(), samples(small, large, small_too))
    apart = [analyze(network.model(), samples(blob)) for blob in (small, large, small_too)]
    for name in ("conv", "pool"):
        sums = [next(row.loss.graphwise for row in part.rows if row.layer.name == name) for part in apart]
        pooled = dataclasses.asdict(next(row.loss.graphwise for row in together.rows if row.layer.name == name))
        parts = [dataclasses.asdict(part) for part in sums]
        added = ("signal", "noise", "dot", "actual_energy", "lost", "elements", "samples")
        expected = {field: sum(part[field] for part in parts) for field in added}
        expected["largest"] = max(part["largest"] for part in parts)
        assert pytest.approx(expected, rel=1e-9) == {field: pooled[field] for field in expected}
    assert_same(together, analyze(network.model(), samples(small_too, large, small)))


def test_sample_numbers_of_several_sizes() -> None:
    """The evidence names the sample by its number among all, also when sizes are run apart."""
    blobs = [np.full((1, size, 1), value, np.float32) for size, value in ((1, 1.0), (2, 1.0), (1, 40000.0), (2, 1.0))]
    found = analyze(Network().convolution("conv", "data", [[2.0]]).model(), samples(*blobs)).rows[0].loss.overflow
    assert found is not None
    assert (2, 80000.0) == (found.sample, found.value)


@pytest.mark.parametrize(
    ("by_blob", "listed"),
    [
        ({"a": [np.ones(2, np.float32)], "b": []}, "'a' 1, 'b' 0"),
        ({"a": [], "b": []}, "'a' 0, 'b' 0"),
        ({"a": [np.ones(2, np.float32)] * 2, "b": [np.ones(2, np.float32)]}, "'a' 2, 'b' 1"),
    ],
)
def test_as_many_samples_for_each_blob(by_blob: dict[str, list[np.ndarray]], listed: str) -> None:
    """Different numbers of samples, or none, are refused."""
    model = Network("a", "b").layer("Concat cat 2 1 a b cat").model()
    with pytest.raises(InputError, match=f"the inputs have different numbers of samples, or none: {listed}"):
        analyze(model, Samples(by_blob))


@pytest.mark.parametrize("mask", [2, 3, 66, 67])
def test_unsafe_mask_in_the_file(digits: Model, images: Samples, mask: int) -> None:
    """A model whose own mask the engine does not honour gets the safe alternative, other bits kept."""
    found = analyze(digits.with_masks({CONV3: mask}), images)
    assert ({CONV3: mask & ~2 | 1}, True) == (found.masks, found.plan.reached)
    assert "bit 2 is not honoured here: 16-bit input read as fp32" == found.rows[0].reason


def test_an_unsafe_mask_that_nothing_needs_goes(digits: Model, images: Samples) -> None:
    """Where the target is reached without fp32 sums, the mask that is not honoured is taken away, not replaced."""
    found = analyze(digits.with_masks({CONV3: 1, 5: 2}), images)
    assert ({5: 0}, True) == (found.masks, found.plan.reached)
    assert found.decision.added < 0


def test_bits_for_other_precisions_do_not_stay_unsafe(digits: Model, images: Samples) -> None:
    """A mask that fp16 ignores but bf16 would read garbage with is not carried into the proposal."""
    found = analyze(digits.with_masks({CONV3: 4}), images)
    assert {CONV3: 1} == found.masks


def test_value_beyond_fp16() -> None:
    """A value too large for fp16 in the middle of a network is cured by 32-bit storage from the input up to it."""
    network = (
        Network()
        .convolution("a", "data", [[1.0]])
        .layer("Pooling pool 1 1 a pool 0=0 1=1 2=1")
        .convolution("b", "pool", [[2.0]])
        .convolution("c", "b", [[0.25]])
        .convolution("d", "c", [[1 / 3]])
    )
    found = analyze(network.model(), values(40000.0))
    assert found.plan.reached
    assert {1: 2, 2: 2, 3: 2, 4: 2} == found.masks
    assert () == hazards(found.model.graph, DEFAULT, [found.masks.get(index, 0) for index in range(6)])


def test_goal_in_db(digits: Model, images: Samples) -> None:
    """A higher SQNR target takes more masks, and the re-run reaches it."""
    counts = []
    for target in (40.0, 200.0):
        found = analyze(digits, images, goal=Goal(((SQNR, target),)))
        assert found.plan.reached
        assert target <= SQNR.of(found.plan.after.outputs["prob"])
        counts.append(len(found.masks))
    assert 1 == counts[0] < counts[1]


def test_limits_are_those_of_the_plan() -> None:
    """What is left of a layer's loss is what it loses as the plan has it run: without winograd, where that is masked."""
    random = np.random.default_rng(1)
    made = Network().convolution("conv", "data", random.standard_normal((16, 16, 3, 3)) / 12).model()
    sample = samples(3000 * random.standard_normal((16, 12, 12), np.float32))
    terms = Terms(budget=1.5, also_vulkan=True)  # for bit 64, not for bit 1
    found = analyze(made, sample, goal=Goal(((SQNR, 300.0),)), terms=terms)
    assert ({1: 64}, True) == (found.masks, math.isnan(found.plan.before.worst_sqnr_db))
    assert [pytest.approx(found.plan.after.worst_sqnr_db)] == [
        -10 * math.log10(limit.noise) for limit in found.decision.limits
    ]


def test_progress(digits: Model, images: Samples) -> None:
    """Progress never runs backwards or past its total, and ends at it."""
    seen: list[tuple[str, int, int]] = []
    analyze(digits, first(images, [0]), progress=lambda *step: seen.append(step))
    measuring = [(done, total) for what, done, total in seen if what == "measuring layers"]
    assert sorted(measuring) == measuring
    assert {measuring[-1][0]} == {total for _, total in measuring}
    assert 2 * 7 <= len(set(measuring))
    trying = [(what, done) for what, done, _ in seen if what.startswith("trying masks")]
    assert {"measuring layers", "weighing masks", *dict(trying)} == {what for what, _, _ in seen}
    assert [*range(1, len(trying) + 1)] == [done for _, done in trying]
    assert "trying masks" == trying[0][0]
    assert "trying masks, none finite so far" == trying[1][0]
    assert re.fullmatch(r"trying masks, best so far \d+\.\d dB for \+\d+\.\d%", trying[-1][0])
    seen.clear()
    analyze(digits, first(images, [0]), goal=Goal(((SQNR, 300.0),)), progress=lambda *step: seen.append(step))
    assert any(re.fullmatch(r"trying masks, nearest so far \d+\.\d dB for \+\d+\.\d%", what) for what, _, _ in seen)


MASKS = st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 32, 64, 66, 128, 257])


@st.composite
def chains(draw: st.DrawFn) -> tuple[Model, Samples]:
    """A chain of a few small layers of random types, sizes and masks, whose values may leave the range of fp16."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    channels, network, blob = draw(st.integers(1, 4)), Network(), "data"
    given_samples = samples(rng.standard_normal((channels, 4, 4)).astype(np.float32))
    for number in range(draw(st.integers(1, 5))):
        kind, name = draw(st.sampled_from(["1", "3", "max", "average", "fc", "softmax"])), f"l{number}"
        mask = f"31={draw(MASKS)}"
        scale = draw(st.sampled_from([0.01, 1.0, 1.0, 50.0, 3000.0]))
        if kind in {"1", "3"}:
            size, outputs = int(kind), draw(st.sampled_from([1, 4, 8]))
            weight = rng.standard_normal((outputs, channels, size, size)) * scale / np.sqrt(channels)
            activation = draw(st.sampled_from(["", LEAKY, "9=1", "9=3 -23310=2,-4.0,4.0"]))
            network.convolution(name, blob, weight, f"{activation} {mask}".strip(), bias=rng.standard_normal(outputs))
            channels = outputs
        elif kind == "fc":
            break
        elif kind == "softmax":
            network.layer(f"Softmax {name} 1 1 {blob} {name} 0=0 {mask}")
        else:
            network.layer(f"Pooling {name} 1 1 {blob} {name} 0={int(kind == 'average')} 1=3 3=1 {mask}")
        blob = name
    return network.layer(f"Dropout last 1 1 {blob} last").model(), given_samples


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chains(), st.sampled_from(["fp16", "fp16-storage", "bf16"]), st.sampled_from([0.999, 0.9999999]))
def test_proposals_are_never_unsafe(made: tuple[Model, Samples], precision: str, cosine: float) -> None:
    """Whatever the network and its masks, what is proposed the engine honours, and the after figures are those of a real run."""
    model, given_samples = made
    found = analyze(model, given_samples, precision, goal=Goal(((COSINE, cosine),)))
    final = [found.masks.get(layer.index, layer.mask) for layer in model.graph.layers]
    assert [] == [hazard for hazard in hazards(model.graph, DEFAULT, final) if hazard.layer.index in found.masks]
    inputs = stacked(given_samples)
    exact, lowered = run(model, inputs), run(model, inputs, Policy(precision, masks=found.masks))
    for name, sums in found.plan.after.outputs.items():
        assert dataclasses.asdict(compare(reference=exact[name], actual=lowered[name])) == pytest.approx(
            dataclasses.asdict(sums), nan_ok=True
        )
    assert found.plan.reached == found.goal.reached(found.plan.after)


def test_not_finite_in_fp32_is_refused() -> None:
    """A network whose fp32 output is not finite has nothing to compare with: the error names where it begins."""
    model = (
        Network().convolution("a", "data", [[1e30]]).convolution("b", "a", [[1e30]]).layer("Softmax s 1 1 b s").model()
    )
    with pytest.raises(ExecutionError) as caught:
        analyze(model, Samples({"data": [np.ones((1, 2, 2), np.float32)]}))
    assert (
        "net.param: output 's' is not finite in fp32 already, and masks cannot help that. It begins in #2 'b' (Convolution). "
        "Check the input and the weights."
    ) == str(caught.value)


def test_a_blob_of_codes_of_any_length() -> None:
    """int8 blobs whose bytes fill no 32-bit words are compared and replayed like others."""
    network = Network().convolution("conv", "data", np.eye(3) / 3).layer("Quantize q 1 1 conv q 0=1")
    model = network.layer("Flatten out 1 1 q out").floats(1000.0).model()
    found = analyze(model, values(0.3345, 0.0123, -0.3105), goal=Goal(((SQNR, 200.0),)))
    assert np.int8 == run(model, {"data": np.ones((1, 3, 1, 1), np.float32)})["out"].dtype
    assert {"conv": 3, "q": 3, "out": 3} == {row.layer.name: row.loss.graphwise.elements for row in found.rows}
    assert found.plan.reached
    assert 0 < found.plan.before.outputs["out"].noise


def test_a_layer_without_bottoms_and_several_samples() -> None:
    """A constant counts once for each sample, as it is read."""
    network = Network().layer("MemoryData two 0 1 two 0=1").layer("BinaryOp sum 2 1 data two sum 0=0").floats(2.0)
    found = analyze(network.model(), samples(*(np.full((1, 1, 1), value, np.float32) for value in (0.5, 1.5))))
    assert {"two": 2, "sum": 2} == {row.layer.name: row.loss.layerwise.elements for row in found.rows}


def test_inputs_that_only_a_cut_layer_reads_need_not_be_given() -> None:
    """What is left is analysed without them, and they are no outputs."""
    network = Network("data", "info").convolution("conv", "data", [[1 / 3]])
    model = network.layer("Split s 1 2 conv a b").layer("NoSuch x 2 1 a info y").layer("ReLU r 1 1 b r").model()
    found = analyze(model, values(1.0))
    assert ["a", "r"] == list(found.plan.before.outputs)
    assert ["conv", "s", "r"] == sorted((row.layer.name for row in found.rows), key=["conv", "s", "r"].index)


def test_unread_inputs_are_not_measured() -> None:
    """An input that nobody reads says nothing of the network."""
    model = Network("data", "spare").convolution("conv", "data", [[1 / 3]]).model()
    one = np.ones((1, 1, 1), np.float32)
    assert ["conv"] == list(analyze(model, Samples({"data": [one], "spare": [one]})).plan.before.outputs)


def test_bit_1_is_not_proposed_where_it_cannot_be_shown_to_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """A type whose fp16 arithmetic is not reproduced gets 32-bit storage at once, where that is safe, or nothing."""
    for table in ("FP16SA", "FP16S"):
        monkeypatch.setattr(choice, table, {})
    model = Network().layer("Sigmoid s 1 1 data s").layer("Sigmoid t 1 1 s t").model()
    found = analyze(model, values(0.1, 0.7, 0.3), goal=Goal(((SQNR, 300.0),)))
    assert {1: 2, 2: 2} == found.masks
    assert {0} == {row.loss.layerwise_storage.elements for row in found.rows}
