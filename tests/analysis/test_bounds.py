"""Bounds hold: whatever runs within the range of its inputs stays within the bounds of every blob."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.case import Case as ConformanceCase
from conformance.cases import families as kernels
from maskctl.analysis.bounds.case import spacing
from maskctl.analysis.bounds.interval import Interval, every_value, everywhere, exactly, hull, rounded
from maskctl.analysis.bounds.rules import RULES
from maskctl.errors import MaskctlError
from maskctl.executor.policy import Policy
from maskctl.graph.model import Model, load
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.graph.weights import in_memory, made_up
from maskctl.layers import known_types
from maskctl.layers.base import Array
from maskctl.layers.families import int8
from maskctl.numeric.formats import FORMATS, round_to
from maskctl.targets import TARGETS
from tests.analysis.made import Network
from tests.analysis.soundness import breaches, judgements
from tests.builders import document_of
from tests.layers.row import Row
from tests.layers.rows import families

PRECISIONS = ("fp16", "fp16-storage", "bf16")
SCALES = (1.0, 20.0, 800.0, 20000.0)
ROWS = [row for rows in families().values() for row in rows if row.type in RULES and not row.refused]
TYPES = sorted({row.type for row in ROWS})
ONE_IN = 5


def spread(rng: np.random.Generator, shape: Sequence[int], scale: float) -> tuple[Interval, Array]:
    """A range for every element of a blob, and inputs (n, …) within: both ends, corners, and something in between."""
    ends = np.sort(rng.standard_normal((2, *shape)).astype(np.float32) * np.float32(scale), axis=0)
    low, high = np.maximum(ends, 0) if rng.random() < 1 / 3 else ends
    between = np.clip(low + (high - low) * rng.random(shape, np.float32), low, high)
    corners = np.where(rng.random(shape) < 1 / 2, low, high)
    return Interval(low[None], high[None]), np.stack([low, high, corners, between])


def fed(row: Row, rng: np.random.Generator, scale: float) -> tuple[dict[str, Interval], dict[str, Array]]:
    """Ranges and inputs of a row; those it says how to make are made so, and are what the range is around."""
    ranges: dict[str, Interval] = {}
    inputs: dict[str, Array] = {}
    for number, shape in enumerate(row.inputs):
        name = f"in{number}"
        if number not in row.fed:
            ranges[name], inputs[name] = spread(rng, shape, scale)
            continue
        values = np.stack([row.fed[number](rng, "normal", shape) for _ in range(4)])
        whole = np.asarray(values, np.float32)
        ranges[name] = Interval(whole.min(axis=0, keepdims=True), whole.max(axis=0, keepdims=True))
        inputs[name] = values
    return ranges, inputs


@pytest.mark.parametrize("name", TYPES)
def test_every_type_stays_within_its_bounds(name: str, tmp_path: Path) -> None:
    """Every row of a type, in fp32 and in a low precision, gives nothing outside of the bounds of its inputs."""
    rng = np.random.default_rng(5)
    found: list[str] = []
    for number, row in enumerate(row for row in ROWS if row.type == name):
        try:
            model = row.model(tmp_path / str(number), 3)
        except MaskctlError:
            continue
        for place, scale in list(enumerate(SCALES))[number % 2 :: 2]:
            ranges, inputs = fed(row, rng, scale)
            policy = Policy(PRECISIONS[(number + place) % len(PRECISIONS)])
            found += [f"{row}: {breach}" for breach in breaches(model, ranges, policy, inputs)]
    assert [] == found


def chosen() -> Iterator[ConformanceCase]:
    """One in five of the cases of kernels, of every family."""
    for cases in kernels().values():
        yield from (case for number, case in enumerate(cases) if number % ONE_IN == 0 and not case.integers)


@pytest.mark.parametrize("precision", ["fp16", "fp16-storage", "bf16"])
def test_every_kernel_stays_within_its_bounds(precision: str, tmp_path: Path) -> None:
    """Kernels, winograd and the engine's defects among them, give nothing outside of the bounds of their inputs."""
    rng = np.random.default_rng(6)
    found = []
    for case in chosen():
        if case.precision != precision:
            continue
        model = load(case.write(tmp_path, 5))
        bounds, values = spread(rng, case.shape, float(rng.choice(SCALES)))
        policy = Policy(case.precision, TARGETS[case.target], without=case.without)
        found += [f"{case.name}: {breach}" for breach in breaches(model, {"data": bounds}, policy, {"data": values})]
    assert [] == found


LINES = (
    "Convolution {n} 1 1 {b} {n} 0={m} 1=3 4=1 5=1 6={w9} 9={a}",
    "Convolution {n} 1 1 {b} {n} 0={m} 1=1 5=1 6={w1}",
    "ConvolutionDepthWise {n} 1 1 {b} {n} 0={c} 1=3 4=1 6={d9} 7={c}",
    "Pooling {n} 1 1 {b} {n} 0=1 1=3 2=1 3=1",
    "BatchNorm {n} 1 1 {b} {n} 0={c}",
    "PReLU {n} 1 1 {b} {n} 0={c}",
    "Swish {n} 1 1 {b} {n}",
    "GELU {n} 1 1 {b} {n}",
    "Mish {n} 1 1 {b} {n}",
    "HardSwish {n} 1 1 {b} {n}",
    "BinaryOp {n} 1 1 {b} {n} 0=2 1=1 2=7.5",
    "UnaryOp {n} 1 1 {b} {n} 0=4",
    "GroupNorm {n} 1 1 {b} {n} 0=2 1={c}",
    "Softmax {n} 1 1 {b} {n} 0=0 1=1",
    "ShuffleChannel {n} 1 1 {b} {n} 0=2",
)
ACTIVATIONS = ("0", "1", "2 -23310=1,0.2", "3 -23310=2,-6,6", "4", "5", "6 -23310=2,0.16667,0.5")


@st.composite
def networks(draw: st.DrawFn) -> Model:
    """A chain of up to five layers over maps of 8 to 32 channels, with a branch that is added at its end."""
    channels = draw(st.sampled_from([8, 16, 20, 32]))
    lines, blob = [f"Input data 0 1 data 0=5 1=7 2={channels}", "Split fork 1 2 data left right"], "left"
    first = channels
    for number in range(draw(st.integers(1, 5))):
        outputs = draw(st.sampled_from([8, 16, 20, 32]))
        line = draw(st.sampled_from(LINES)).format(
            n=f"l{number}", b=blob, c=channels, m=outputs, a=draw(st.sampled_from(ACTIVATIONS)),
            w9=9 * channels * outputs, w1=channels * outputs, d9=9 * channels,
        )  # fmt: skip
        lines.append(line)
        blob, channels = f"l{number}", outputs if line.startswith("Convolution ") else channels
    if channels == first:
        lines.append(f"Eltwise sum 2 1 {blob} right sum 0=1")
    document = document_of(*lines)
    graph = build(document)
    ops = operators(graph)
    return Model(document, graph, ops, made_up(ops, draw(st.integers(0, 99))))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.integers(0, 1 << 20), st.sampled_from(SCALES), st.sampled_from(PRECISIONS))
def test_random_networks_stay_within_their_bounds(model: Model, seed: int, scale: float, precision: str) -> None:
    """Random inputs within random ranges make no blob of a random network leave its bounds, in fp32 or a low precision."""
    shape = model.operators[0].kind.shapes(model.operators[0].params, ())[0]
    bounds, values = spread(np.random.default_rng(seed), shape, scale)
    assert [] == list(breaches(model, {"data": bounds}, Policy(precision), {"data": values}))


def bounds_of(model: Model, ranges: Mapping[str, Interval], name: str) -> Interval:
    """The bounds of a layer's top in fp16 storage."""
    index = next(layer.index for layer in model.graph.layers if layer.name == name)
    return judgements(model, ranges, Policy("fp16-storage"))[index].tops[0]


def test_sums_are_bounded_by_the_signs_of_their_weights() -> None:
    """The bounds of 2x - 3y + 1 for x from 0 to 4 and y from -1 to 5 are those of its corners, up to rounding."""
    model = Network().convolution("sum", "data", [[2.0, -3.0]], bias=[1.0]).model()
    low, high = (np.array(ends, np.float32).reshape(2, 1, 1) for ends in ((0, -1), (4, 5)))
    found = bounds_of(model, {"data": everywhere(1, (2, 1, 1), low, high)}, "sum")
    assert (-14, 12) == (math.ceil(found.low.item() - 0.1 + 0.05), math.floor(found.high.item() + 0.05))
    assert found.low.item() <= -14 < 12 <= found.high.item()


SUMS = (
    "Convolution y 1 1 data y 0=4 1=1 5=1 6=32",
    "Convolution y 1 1 data y 0=4 1=3 3=2 4=1 5=1 6=288",
    "Convolution y 1 1 data y 0=4 1=3 4=1 5=1 6=288 31=64",
    "ConvolutionDepthWise y 1 1 data y 0=8 1=3 4=1 5=1 6=72 7=8",
    "Deconvolution y 1 1 data y 0=4 1=2 5=1 6=128",
    "InnerProduct y 1 1 data y 0=4 1=1 2=2048",
    "Pooling y 1 1 data y 0=1 1=2 2=2",
    "Reduction y 1 1 data y 0=0",
    "Reduction y 1 1 data y 0=3",
    "BinaryOp y 1 1 data y 0=0 1=1 2=0.5",
)


@pytest.mark.parametrize("precision", ["fp32", *PRECISIONS])
@pytest.mark.parametrize("line", SUMS)
def test_sums_without_negative_terms_are_not_negative(line: str, precision: str) -> None:
    """Where no input, weight or bias is below 0, neither is the lower end of their sum; with one that is, it is."""
    document = document_of("Input data 0 1 data 0=8 1=8 2=8", line)
    graph = build(document)
    ops = operators(graph)
    held = [{name: np.abs(values) for name, values in layer.items()} for layer in made_up(ops, 3).tensors]
    model = Model(document, graph, ops, in_memory(held))
    ranges, inputs = {"data": everywhere(1, (8, 8, 8), 0, 3000)}, np.zeros((2, 8, 8, 8), np.float32)
    inputs[1] = np.random.default_rng(4).uniform(0, 3000, inputs.shape[1:])
    policy = Policy(precision)
    assert [] == list(breaches(model, ranges, policy, {"data": inputs}))
    assert judgements(model, ranges, policy)[1].tops[0].low.min() >= 0
    below = {"data": everywhere(1, (8, 8, 8), -1, 3000)}
    assert judgements(model, below, policy)[1].tops[0].low.min() < 0
    for name in held[1]:
        held[1][name].flat[0] *= -1
        assert judgements(model, ranges, policy)[1].tops[0].low.min() < 0
        held[1][name].flat[0] *= -1


def test_winograd_may_go_below_zero() -> None:
    """A 3x3 convolution that the engine computes by winograd, which subtracts, keeps a lower end below 0."""
    model = Network().convolution("sum", "data", np.ones((16, 16, 3, 3), np.float32)).model()
    assert bounds_of(model, {"data": everywhere(1, (16, 8, 8), 0, 1)}, "sum").low.min() < 0


def test_the_border_counts() -> None:
    """Where a window hangs over the border, zeros are among what it sums, and less can come together than in the middle."""
    model = Network().convolution("sum", "data", np.ones((1, 1, 3, 3), np.float32)).model()
    found = bounds_of(model, {"data": everywhere(1, (1, 3, 3), 1, 1)}, "sum")
    assert [4, 6, 4, 6, 9, 6, 4, 6, 4] == [round(float(value)) for value in found.high.ravel()]
    assert [4, 6, 4, 6, 9, 6, 4, 6, 4] == [round(float(value)) for value in found.low.ravel()]


@pytest.mark.parametrize(
    ("line", "lowest"), [("Swish", -0.27846), ("GELU", -0.16997), ("Mish", -0.30884), ("HardSwish", -0.3125)]
)
def test_the_lowest_point_between_the_ends(line: str, lowest: float) -> None:
    """Curves that fall and rise again are bounded by their lowest point, not by their ends."""
    model = Network().layer(f"{line} x 1 1 data x").model()
    found = bounds_of(model, {"data": everywhere(1, (1, 1, 1), -4, 4)}, "x")
    assert lowest - 0.02 <= found.low.item() <= lowest


def test_codes_bound_their_sums(tmp_path: Path) -> None:
    """However large its input, an int8 InnerProduct gives no more than 127 times the magnitudes of its codes, over its scales."""
    row = next(row for row in ROWS if row.type == "InnerProduct" and "8=" in str(row))
    model = row.model(tmp_path, 3)
    weights, shape = model.weights.tensors[-1], row.inputs[0]
    codes = np.abs(int8.weight_codes(weights["weight"], weights["weight_scales"][:, None])).sum(axis=1)
    bias = np.abs(weights["bias"]) if "bias" in weights else 0.0
    most = float((127 * codes / (weights["bottom_scale"] * weights["weight_scales"]) + bias).max())
    ranges = {"in0": everywhere(1, shape, -6e4, 6e4)}
    judged = judgements(model, ranges, Policy("bf16"))[len(model.operators) - 1]
    assert ((), "") == (judged.dangers, judged.unknown)
    assert max(judged.high, -judged.low) <= most * 1.02


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_states_stay_between_minus_1_and_1(name: str, tmp_path: Path) -> None:
    """A recurrent layer without a projection and given states gives no more than 1, whatever it reads."""
    row = next(row for row in ROWS if row.type == name and len(row.inputs) == 1 and "3=" not in str(row))
    model = row.model(tmp_path, 3)
    judged = judgements(model, {"in0": everywhere(1, row.inputs[0], -100, 100)}, Policy("bf16"))[1]
    assert ((), True) == (judged.dangers, 1 <= judged.tops[0].peaks.max() < 1.05)


def test_attention_stays_between_its_values(tmp_path: Path) -> None:
    """What attention makes of values from 3 to 5 is about 3 to 5, whatever queries and keys say."""
    row = next(row for row in ROWS if row.type == "SDPA" and len(row.inputs) == 3 and "18=" not in str(row))
    model = row.model(tmp_path, 3)
    ends = {"in0": (-9, 9), "in1": (-9, 9), "in2": (3, 5)}
    ranges = {name: everywhere(1, shape, *ends[name]) for name, shape in zip(ends, row.inputs, strict=True)}
    index = next(layer.index for layer in model.graph.layers if layer.type == "SDPA")
    judged = judgements(model, ranges, Policy("bf16"))[index]
    assert ((), True, True) == (judged.dangers, 2.5 < judged.tops[0].low.min() <= 3, 5 <= judged.high < 5.5)


def test_a_pole_is_unbounded() -> None:
    """A reciprocal of what may be 0 has no bounds."""
    found = bounds_of(Network().layer("UnaryOp x 1 1 data x 0=15").model(), {"data": everywhere(1, (1,), -1, 2)}, "x")
    assert (-math.inf, math.inf) == (found.low.item(), found.high.item())


def test_types_without_a_rule_are_unbounded() -> None:
    """A type that the table does not name gives no bounds, and the reason says so."""
    model = Network().layer("StatisticsPooling x 1 1 data x").model()
    judged = judgements(model, {"data": everywhere(1, (2, 3, 3), -1, 1)}, Policy("fp16"))[1]
    assert "no rule bounds the type StatisticsPooling" == judged.unknown
    assert ["unknown"] == [danger.kind for danger in judged.dangers]
    assert np.isinf(judged.tops[0].high).all()


def test_rules_are_of_types_that_there_are() -> None:
    """Every row of the table is a layer type, and has a row of a test."""
    assert [] == [name for name in RULES if name not in known_types()]
    assert set(RULES) == set(TYPES)


def test_hull_of_what_is_not_finite() -> None:
    """One end that is not finite leaves nothing known of its element, and the others as they are."""
    found = hull([np.array([[1, np.inf, np.nan]], np.float32), np.array([[-2, 0, 0]], np.float32)])
    assert [[-2, -math.inf, -math.inf]] == found.low.tolist()
    assert [[1, math.inf, math.inf]] == found.high.tolist()


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(["fp16", "bf16"]))
def test_room_for_storing(value: float, name: str) -> None:
    """A value that is stored stays within its own bounds with room for rounding, where it is finite there."""
    kept = round_to(np.array([value], np.float32), name)
    found = rounded(exactly(np.array([value], np.float32)), spacing(name), FORMATS[name].smallest_normal)
    assert not np.isfinite(kept[0]) or bool(found.low[0] <= kept[0] <= found.high[0])


def test_every_value_of_a_format() -> None:
    """Between 1 and 2 lie 1,025 numbers of fp16 and 129 of bf16, both ends counted."""
    assert (1025, 129) == (len(every_value("fp16", 1, 2)), len(every_value("bf16", 1, 2)))
