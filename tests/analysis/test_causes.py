"""Reasons in words, each on a model made to lose in exactly that way."""

from __future__ import annotations

import numpy as np
import pytest

from maskctl.analysis.analyze import Analysis, analyze
from maskctl.executor.samples import Samples
from maskctl.graph.model import Model
from tests.analysis.made import LEAKY, Network, samples, values


def reasons(model: Model, given: Samples, precision: str = "fp16") -> dict[str, str]:
    """Reason by layer name."""
    return {row.layer.name: row.reason for row in analyze(model, given, precision).rows}


def one(weight: list[float], *inputs: float, extra: str = "", precision: str = "fp16") -> str:
    """The reason of a single 1x1 convolution to one output channel."""
    return reasons(Network().convolution("conv", "data", [weight], extra).model(), values(*inputs), precision)["conv"]


CANCELS = "terms cancel: their magnitudes come to 2,049 times the sum at (c=0,h=0,w=0)"


@pytest.mark.parametrize(
    ("weight", "inputs", "extra", "expected"),
    [
        ([2.0], [40000.0], "", "value reaches 80,000 > 65,504 at (c=0,h=0,w=0)"),
        ([-2.0], [40000.0], "", "value reaches -80,000 < -65,504 at (c=0,h=0,w=0)"),
        ([-1.0, -1.0], [40000.0, 40000.0], LEAKY, "sum reaches -80,000 < -65,504 at (c=0,h=0,w=0)"),
        (
            [1.0, 1.0, -1.0],
            [40000.0, 40000.0, 40000.0],
            "",
            "partial sum reaches 80,000 > 65,504 after 2 of 3 terms at (c=0,h=0,w=0)",
        ),
        (
            [-1.0, -1.0, -1.0, 1.0],
            [30000.0, 30000.0, 30000.0, 60000.0],
            "",
            "partial sum reaches -90,000 < -65,504 after 3 of 4 terms at (c=0,h=0,w=0)",
        ),
        ([0.5], [80000.0], "", "input reaches 80,000 > 65,504 at (c=0,h=0,w=0)"),
        ([0.5, 0.5], [1.0, -80000.0], "", "input reaches -80,000 < -65,504 at (c=1,h=0,w=0)"),
        ([1.0, 70000.0], [1.0, 0.5], "", "weight [0,1,0,0] is 70,000 > 65,504"),
        ([1.0], [1.0], "", "exact"),
        ([1 / 3], [1.0], "", "rounding to fp16"),
        (
            [1.0, 1.0, 1.0, -1.0],
            [2048.0, 1.0, 1.0, 2048.0],
            "",
            "rounding in fp16 arithmetic; fp16 storage alone would be exact; " + CANCELS,
        ),
    ],
)
def test_one_convolution(weight: list[float], inputs: list[float], extra: str, expected: str) -> None:
    """What a convolution loses is said with the number, the limit and the place."""
    assert expected == one(weight, *inputs, extra=extra)


def test_bias_and_kernel_position() -> None:
    """Partial sums begin at the bias and count kernel positions, at the output element where they lead to a loss."""
    weight = np.zeros((2, 1, 3, 3), np.float32)
    weight[1, 0, 1] = 1, 1, -1
    blob = np.zeros((1, 3, 3), np.float32)
    blob[0, 1] = 20000, 20000, 10000
    model = Network().convolution("conv", "data", weight, bias=[0, 30000]).model()
    expected = "partial sum reaches 70,000 > 65,504 after 5 of 9 terms at (c=1,h=1,w=1)"
    assert expected == reasons(model, samples(blob))["conv"]


def test_inner_product() -> None:
    """An inner product says which output its sum belongs to."""
    weight = [[0.0, 0.0], [1.0, 1.0], [-1.0, -1.0]]
    model = Network().inner_product("fc", "data", weight, LEAKY).model()
    given = Samples({"data": [np.array([40000, 30000], np.float32)]})
    assert "value reaches 70,000 > 65,504 at (w=1)" == reasons(model, given)["fc"]
    leaky = Network().inner_product("fc", "data", weight[2:], LEAKY).model()
    assert "sum reaches -70,000 < -65,504 at (w=0)" == reasons(leaky, given)["fc"]


def overflowing() -> Network:
    """Layer "a" overflows in its sum only, "b" and "c" behind it would be well by themselves."""
    return (
        Network()
        .convolution("a", "data", [[-1.0, -1.0], [0.5, 0.5]], LEAKY)
        .convolution("b", "a", [[0.25, 0.5]])
        .convolution("c", "b", [[0.5]])
    )


def test_victims_name_the_origin() -> None:
    """A layer that receives NaN names the first layer where it appeared, however far back."""
    found = reasons(overflowing().model(), values(40000.0, 40000.0))
    assert {
        "a": "sum reaches -80,000 < -65,504 at (c=0,h=0,w=0)",
        "b": "not finite, from #1 'a' (Convolution)",
        "c": "not finite, from #1 'a' (Convolution)",
    } == found


def test_victims_behind_a_branch() -> None:
    """Where only one branch brings the NaN, its origin is named."""
    network = (
        Network()
        .layer("Split split 1 2 data x y")
        .convolution("good", "x", [[0.5, 0.5]])
        .convolution("bad", "y", [[-1.0, -1.0]], LEAKY)
        .layer("Concat cat 2 1 bad good cat")
    )
    found = reasons(network.model(), values(40000.0, 40000.0))
    assert "not finite, from #3 'bad' (Convolution)" == found["cat"]
    assert "exact" == found["good"]


def test_input_of_the_next_layer() -> None:
    """A value too large for fp16 is the next layer's input that is too large, and the one behind it is a victim."""
    network = Network().convolution("a", "data", [[2.0]]).convolution("b", "a", [[0.5]]).convolution("c", "b", [[1.0]])
    assert {
        "a": "value reaches 80,000 > 65,504 at (c=0,h=0,w=0)",
        "b": "input reaches 80,000 > 65,504 at (c=0,h=0,w=0), from #1 'a' (Convolution)",
        "c": "not finite, from #1 'a' (Convolution)",
    } == reasons(network.model(), values(40000.0))


def test_a_value_is_told_of_the_layer_that_made_it() -> None:
    """Layers that only move a value, and those that make a larger one of it, are victims; the nearest that made it is named."""
    network = Network().convolution("a", "data", [[2.0]]).convolution("b", "a", [[3.0]])
    network.layer("Pooling pool 1 1 b pool 0=0 1=1 2=1").convolution("c", "pool", [[0.1]])
    over, made = " at (c=0,h=0,w=0)", ", from #2 'b' (Convolution)"
    assert {
        "a": f"value reaches 80,000 > 65,504{over}",
        "b": f"input reaches 80,000 > 65,504{over}, from #1 'a' (Convolution)",
        "pool": f"input reaches 240,000 > 65,504{over}{made}",
        "c": f"input reaches 240,000 > 65,504{over}{made}",
    } == reasons(network.model(), values(40000.0))


def test_a_cause_in_one_sample_is_not_hidden_by_an_input_of_another() -> None:
    """A layer that fails in one sample with its inputs fine is a cause, whatever it is fed in another sample."""
    network = Network().convolution("a", "data", [[2.0]])
    given = samples(*(np.full((1, 1, 1), value, np.float32) for value in (90000, 40000)))
    assert "value reaches 80,000 > 65,504 at (c=0,h=0,w=0)" == reasons(network.model(), given)["a"]


def test_only_the_lowered_inputs_overflow() -> None:
    """A layer whole with exact inputs, which the lowered network feeds larger ones, says so."""
    # "a" is 65,474 exactly and 65,504 in a chain of fp16 sums; 20 more is beyond the last tie, 65,520, only then.
    network = Network().convolution("a", "data", [[1.0, 1.0, -1.0]]).convolution("b", "a", [[1.0]], bias=[20.0])
    found = reasons(network.model(), values(65472.0, 17.0, 15.0))
    assert "overflows with the inputs the lowered network gives it" == found["b"]


@pytest.mark.parametrize(("mask", "bit", "precision"), [(3, 2, "fp16"), (2, 2, "fp16-storage"), (4, 4, "bf16")])
def test_unsafe_mask(mask: int, bit: int, precision: str) -> None:
    """A mask the engine does not honour is the reason, whatever else the layer does."""
    network = Network().convolution("a", "data", [[1.0]]).convolution("b", "a", [[1.0]], f"31={mask}")
    found = reasons(network.model(), values(1.0), precision)
    assert f"bit {bit} is not honoured here: 16-bit input read as fp32" == found["b"]


def test_arithmetic_loses_more() -> None:
    """Where many terms are added the loss is put down to fp16 arithmetic, in dB."""
    rng = np.random.default_rng(3)
    model = Network().convolution("conv", "data", rng.uniform(0, 1, (4, 64))).model()
    given = samples(rng.uniform(0, 1, (64, 4, 4)).astype(np.float32))
    found = reasons(model, given)["conv"]
    assert found.startswith("fp16 arithmetic loses ")
    assert found.endswith(" dB more than fp16 storage")
    assert 3 <= float(found.split()[3]) < 40


@pytest.mark.parametrize("precision", ["fp16-storage", "bf16"])
def test_rounding_by_storage(precision: str) -> None:
    """Without fp16 arithmetic a loss is that of rounding to the storage format."""
    assert f"rounding to {precision.removesuffix('-storage')}" == one([1 / 3], 1.0, precision=precision)


def test_largest_of_all_samples() -> None:
    """Of several samples the largest overflow is shown, with the number of its sample."""
    model = Network().convolution("conv", "data", [[2.0]]).model()
    given = Samples({"data": [np.full((1, 1, 1), value, np.float32) for value in (1.0, 35000.0, 45000.0, 40000.0)]})
    overflow = analyze(model, given).rows[0].loss.overflow
    assert overflow is not None
    assert (90000.0, 2, (0, 0, 0)) == (overflow.value, overflow.sample, overflow.place)


def test_ranking() -> None:
    """Rows come worst first: lost layers, then by layerwise SQNR, then by graphwise SQNR, then in file order."""
    network = overflowing().convolution("d", "c", [[0.123456]]).convolution("e", "d", [[1.0]])
    analysis: Analysis = analyze(network.model(), values(40000.0, 40000.0))
    assert ["a", "d", "e", "b", "c"] == [row.layer.name for row in analysis.rows]
