"""Layers of fewer channels: what is left computes what it computed before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from maskctl.errors import ExecutionError
from maskctl.executor.run import run
from maskctl.graph.model import Model
from maskctl.graph.random_weights import random_tensors
from maskctl.graph.weights import made_up
from maskctl.reduce.case import Case, cut_out
from maskctl.reduce.narrow import fewer_outputs, gives_fewer, narrowed
from maskctl.reduce.search import fewest
from tests.builders import document_of, graph_of, operators_of

SHAPES = {"map": (6, 4, 5), "vector": (6,), "rows": (3, 6)}
KEPT = (1, 2, 5)


def case_of(line: str, shape: tuple[int, ...]) -> Case:
    """One layer that reads "data", with made-up weights, and one sample of noise."""
    lines = ("Input data 0 1 data", line)
    ops = operators_of(*lines)
    model = Model(document_of(*lines), graph_of(*lines), ops, made_up(ops, 3))
    assert list(random_tensors(ops[1], 3))
    return cut_out(model, {1}, {"data": np.random.default_rng(4).standard_normal((1, *shape), np.float32)})


@pytest.mark.parametrize(
    ("line", "shape", "axis", "kept", "tops"),
    [
        ("Convolution l 1 1 data out 0=4 1=3 4=1 5=1 6=216", "map", 0, KEPT, None),
        ("Deconvolution l 1 1 data out 0=4 1=3 5=1 6=216", "map", 0, KEPT, None),
        ("ConvolutionDepthWise l 1 1 data out 0=6 1=3 4=1 5=1 6=54 7=6", "map", 0, KEPT, KEPT),
        ("ConvolutionDepthWise l 1 1 data out 0=12 1=3 4=1 5=1 6=108 7=6", "map", 0, KEPT, (2, 3, 4, 5, 10, 11)),
        ("ConvolutionDepthWise l 1 1 data out 0=4 1=3 4=1 5=1 6=108 7=2", "map", 0, (0, 2, 4, 5), None),
        ("ConvolutionDepthWise l 1 1 data out 0=4 1=3 4=1 5=1 6=108 7=2", "map", 0, (4,), (2, 3)),
        ("DeconvolutionDepthWise l 1 1 data out 0=6 1=3 5=1 6=108 7=3", "map", 0, (1, 4), (0, 1, 4, 5)),
        ("InnerProduct l 1 1 data out 0=4 1=1 2=480", "map", 0, KEPT, None),
        ("InnerProduct l 1 1 data out 0=4 1=1 2=480", "map", 1, (0, 2), None),
        ("InnerProduct l 1 1 data out 0=4 1=1 2=480", "map", 2, (3,), None),
        ("InnerProduct l 1 1 data out 0=4 1=1 2=24", "vector", 0, KEPT, None),
        ("InnerProduct l 1 1 data out 0=4 1=1 2=24", "rows", 1, KEPT, None),
        ("InnerProduct l 1 1 data out 0=4 1=1 2=24", "rows", 0, (0, 2), (0, 2)),
        ("BatchNorm l 1 1 data out 0=6", "map", 0, KEPT, KEPT),
        ("Scale l 1 1 data out 0=6 1=1", "map", 0, KEPT, KEPT),
        ("Bias l 1 1 data out 0=6", "map", 0, KEPT, KEPT),
        ("PReLU l 1 1 data out 0=6", "map", 0, KEPT, KEPT),
        ("PReLU l 1 1 data out 0=1", "map", 0, KEPT, KEPT),
        ("InstanceNorm l 1 1 data out 0=6", "map", 0, KEPT, KEPT),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_fewer_read(line: str, shape: str, axis: int, kept: Sequence[int], tops: Sequence[int] | None) -> None:
    """With zeros for what is left out, the whole layer gives what the narrowed one gives."""
    case = case_of(line, SHAPES[shape])
    data = case.inputs["data"]
    zeroed = np.zeros_like(data)
    place = (slice(None),) * (1 + axis) + (list(kept),)
    zeroed[place] = data[place]
    expected = run(case.model, {"data": zeroed})["out"]
    small = narrowed(case, {"data": kept}, axis)
    actual = run(small.model, small.inputs)["out"]
    np.testing.assert_allclose(actual, expected if tops is None else expected[:, list(tops)], rtol=1e-5, atol=1e-5)
    assert small.inputs["data"].size < data.size


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ("Convolution l 1 1 data out 0=8 1=3 4=1 5=1 6=432", "map"),
        ("Deconvolution l 1 1 data out 0=8 1=3 5=1 6=432", "map"),
        ("ConvolutionDepthWise l 1 1 data out 0=8 1=3 4=1 5=1 6=432 7=1", "map"),
        ("InnerProduct l 1 1 data out 0=8 1=1 2=960", "map"),
    ],
)
def test_fewer_given(line: str, shape: str) -> None:
    """The channels that are kept are those of the whole layer."""
    case = case_of(line, SHAPES[shape])
    small = fewer_outputs(case, 0, KEPT)
    expected = run(case.model, case.inputs)["out"][:, list(KEPT)]
    np.testing.assert_allclose(run(small.model, small.inputs)["out"], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kept", [(0, 1, 3), (0, 1, 2, 5)])
def test_groups_of_different_sizes(kept: Sequence[int]) -> None:
    """Channels that would leave groups of different sizes make no candidate."""
    case = case_of("ConvolutionDepthWise l 1 1 data out 0=4 1=3 4=1 5=1 6=108 7=2", SHAPES["map"])
    with pytest.raises(ExecutionError, match="channels"):
        run(narrowed(case, {"data": kept}, 0).model, {"data": case.inputs["data"][:, list(kept)]})


def test_groups_give_fewer_only_alone() -> None:
    """Outputs of one group cannot go while other groups stay; of the only group they can."""
    line = "ConvolutionDepthWise l 1 1 data out 0=4 1=3 4=1 5=1 6=108 7=2"
    case = case_of(line, SHAPES["map"])
    assert [False, True] == [gives_fewer(one, 0) for one in (case, narrowed(case, {"data": (0, 1, 2)}, 0))]


def test_channels_are_followed() -> None:
    """Fewer channels go on through layers without weights, and into the weights of the next that has any."""
    lines = (
        "Input data 0 1 data",
        "ReLU r 1 1 data r",
        "Pooling p 1 1 r p 0=1 1=2 2=2",
        "Convolution c 1 1 p c 0=4 1=1 6=24",
        "Sigmoid s 1 1 c s",
    )
    ops = operators_of(*lines)
    model = Model(document_of(*lines), graph_of(*lines), ops, made_up(ops, 3))
    case = cut_out(model, range(1, 5), {"data": np.ones((1, *SHAPES["map"]), np.float32)})
    small = narrowed(case, {"data": KEPT}, 0)
    assert {"data": (3, 4, 5), "r": (3, 4, 5), "p": (3, 2, 3), "c": (4, 2, 3), "s": (4, 2, 3)} == dict(small.shapes)


def test_shape_hints_go() -> None:
    """Hints at shapes that no longer hold are taken out."""
    case = case_of("BatchNorm l 1 1 data out 0=6 -23330=4,3,5,4,6", SHAPES["map"])
    assert b"-23330" in case.param
    assert b"-23330" not in narrowed(case, {"data": KEPT}, 0).param


def test_fewest() -> None:
    """The two of a hundred that are needed together are found, wherever the search begins."""
    for near in (None, 3, 77):
        tried: list[set[int]] = []

        def first(choices: Iterable[Sequence[int]], tried: list[set[int]] = tried) -> int | None:
            for number, kept in enumerate(choices):
                if {3, 77} <= set(kept):
                    tried.append(set(kept))
                    return number
            return None

        fewest(range(100), first, near)
        assert {3, 77} == tried[-1]
