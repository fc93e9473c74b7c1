"""What masks cost: figures worked out by hand from the rows, and a device's own times in their place."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskctl.analysis.cost import Costs
from maskctl.analysis.timings import parse_timings
from maskctl.errors import InputError
from maskctl.executor.policy import Policy
from maskctl.graph.model import Model
from maskctl.targets import TARGETS
from maskctl.targets.cost import WINOGRAD
from tests.analysis.made import Network
from tests.builders import graph_of

CHANNELS, SIDE = 16, 12
MACS = CHANNELS * CHANNELS * 9 * SIDE * SIDE
TABLE = TARGETS["arm82"].cost
SHAPES = {"data": (CHANNELS, SIDE, SIDE)}
GRAPH = graph_of("Input data 0 1 data", "Convolution conv1 1 1 data a", "ReLU relu 1 1 a b 31=1")


@pytest.fixture(name="model")
def fixture_model() -> Model:
    """Two 3x3 convolutions of 16 channels."""
    weight = np.zeros((CHANNELS, CHANNELS, 3, 3), np.float32)
    return Network().convolution("conv1", "data", weight).convolution("conv2", "conv1", weight).model()


def test_bit_1_on_winograd(model: Model) -> None:
    """31=64 takes winograd's saving away, 31=1 halves the lanes as well: vector multiply-adds by hand, bytes unchanged."""
    costs = Costs(model, SHAPES, Policy("fp16"))
    tiles = (SIDE // 6) ** 2
    tile = WINOGRAD["63"]
    winograd = (tiles * (64 * CHANNELS * CHANNELS + CHANNELS * (tile.input_transform + tile.output_transform))) / 8
    direct = MACS / 8
    assert (direct - winograd) / TABLE.vectors_per_us == pytest.approx(costs.added({2: 64}))
    assert (MACS / 4 - winograd) / TABLE.vectors_per_us == pytest.approx(costs.added({2: 1}))
    assert costs.added({2: 1}) == pytest.approx(costs.added({2: 65}))


def test_32_bit_storage_moves_more(model: Model) -> None:
    """Where the first layer keeps 32 bits its inputs are cast no more, its output doubles, and the next layer casts it."""
    costs = Costs(model, SHAPES, Policy("fp16"))
    blob = CHANNELS * SIDE * SIDE
    before, after = costs.all({}), costs.all({1: 2})
    cast, output, weights = -2 * 2 * blob, 2 * blob, 2 * 2304
    tile = WINOGRAD["63"]
    tiles = (SIDE // 6) ** 2
    winograd = tiles * (64 * CHANNELS * CHANNELS + CHANNELS * (tile.input_transform + tile.output_transform))
    arithmetic = winograd * (1 / 4 - 1 / 8) / TABLE.vectors_per_us
    assert arithmetic + (cast + output + weights) / TABLE.bytes_per_us == pytest.approx(after[1] - before[1])
    assert (2 + 2 * 2) * blob / TABLE.bytes_per_us == pytest.approx(after[2] - before[2])


@given(st.lists(st.sampled_from((0, 1, 2, 3, 64, 66)), min_size=6, max_size=6), st.data())
def test_least_is_no_more_than_masks_add(masks: list[int], data: st.DataObject) -> None:
    """What layers add at least, each by itself, is together no more than what their masks add, casts between them spared."""
    weight = np.zeros((CHANNELS, CHANNELS, 3, 3), np.float32)
    start = data.draw(st.sampled_from(("", "31=2")))
    net = Network().convolution("conv1", "data", weight, start).layer("Split split 1 2 conv1 a b")
    net = net.convolution("conv2", "a", weight).layer("BinaryOp add 2 1 conv2 b add").layer("Softmax soft 1 1 add soft")
    costs = Costs(net.model(), SHAPES, Policy("fp16"))
    changed = dict(enumerate(masks))
    assert math.fsum(costs.least(index, mask) for index, mask in changed.items()) <= costs.added(changed) + 1e-9


def test_least_without_neighbours(model: Model) -> None:
    """Where both layers keep 32 bits no blob is cast between them: each alone is dearer than its part of both."""
    costs = Costs(model, SHAPES, Policy("fp16"))
    least = costs.least(1, 2) + costs.least(2, 2)
    assert costs.added({1: 2, 2: 2}) == pytest.approx(least)
    assert least < costs.added({1: 2}) + costs.added({2: 2})


def test_share_of_multiply_adds(model: Model) -> None:
    """The share is that of the masked layers, by multiply-adds."""
    costs = Costs(model, SHAPES, Policy("fp16"))
    assert (0.5, 0.5, 0.0) == (costs.share({1: 64}), costs.share({1: 64, 2: 0}), costs.share({1: 0}))


def test_measured_times_count(model: Model) -> None:
    """A measured mask costs what was measured, another one of its layer the estimate on that layer's own scale."""
    estimated = Costs(model, SHAPES, Policy("fp16"))
    now = estimated.all({})
    timings = {(1, 0): 3 * now[1], (1, 64): 5 * now[1], (2, 0): 7 * now[2]}
    costs = Costs(model, SHAPES, Policy("fp16"), timings)
    assert costs.measured
    assert 2 * now[1] == pytest.approx(costs.added({1: 64}))
    assert 3 * estimated.all({1: 1})[1] == pytest.approx(costs.all({1: 1})[1])
    assert 7 * estimated.all({2: 1})[2] == pytest.approx(costs.all({2: 1})[2])


def test_layers_never_measured(model: Model) -> None:
    """A layer without any time is on the scale of the median of all times."""
    estimated = Costs(model, SHAPES, Policy("fp16")).all({})
    costs = Costs(model, SHAPES, Policy("fp16"), {(1, 0): 3 * estimated[1]})
    assert 3 * estimated[2] == pytest.approx(costs.all({})[2])


def test_a_slow_layer_gets_no_cheaper_by_a_mask(model: Model) -> None:
    """Where a device takes long for one layer, a mask of it that was not measured still adds time."""
    now = Costs(model, SHAPES, Policy("fp16")).all({})
    costs = Costs(model, SHAPES, Policy("fp16"), {(1, 0): now[1], (2, 0): 100 * now[2]})
    assert 0 < costs.added({2: 64}) < costs.added({2: 1})


def test_rows_are_found_by_words() -> None:
    """The first row whose words are all in a kernel's name counts, else the plain one."""
    lanes = [
        TABLE.row(kernel, "fp16").lanes
        for kernel in ("convolution_int8", "convolution_gemm_fp16sa", "convolution_packed_fp16s", "")
    ]
    assert [16, 8, 4, 4] == lanes
    assert all(row.source for target in TARGETS.values() for row in (*target.cost.rows, *target.cost.plain.values()))


PRINTED = """\
Convolution              conv1                              2.50ms    |    [ 12,  12,   2 *8] -> [ 12,  12,   2 *8]
loop 2
Convolution              conv1                              2.25ms    |
31=64
Convolution conv1 4ms
ReLU relu 0.01ms
"""


def test_timings_of_the_engine() -> None:
    """The lines ncnn prints are read, the least of repeated times is kept, and `31=` says what those below ran with."""
    assert {(1, 0): 2250.0, (1, 64): 4000.0, (2, 64): 10.0} == parse_timings(PRINTED, "t", GRAPH)
    assert {(2, 1): 10.0} == parse_timings("ReLU relu 0.01ms", "t", GRAPH)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nConvolution conv11 1ms", "t:2: 'conv11' is no layer of this network. Did you mean 'conv1'?"),
        (
            "ReLU conv1 1ms",
            "t:1: 'conv1' is timed as ReLU. #1 'conv1' (Convolution) is another type: is this its benchmark?",
        ),
        (f"ReLU relu {'9' * 400}ms", f"t:1: '{'9' * 400}ms' is no time. Expected milliseconds, e.g. '1.23ms'."),
        ("ReLU relu 1.2.3ms", "t:1: '1.2.3ms' is no time. Expected milliseconds, e.g. '1.23ms'."),
        ("31=no", "t:1: '31=no' is no mask. Expected a number and nothing behind it, e.g. '31=64'."),
        (
            "ReLU relu 1ms\n 31=64 # fast",
            "t:2: '31=64 # fast' is no mask. Expected a number and nothing behind it, e.g. '31=64'.",
        ),
        ("31=", "t:1: '31=' is no mask. Expected a number and nothing behind it, e.g. '31=64'."),
        ("nothing", "t: no line has a time. Expected ncnn's 'Convolution conv1 1.23ms', one layer a line."),
    ],
)
def test_timings_that_do_not_fit(text: str, said: str) -> None:
    """A name, type or time that cannot be is told with its line."""
    with pytest.raises(InputError) as raised:
        parse_timings(text, "t", GRAPH)
    assert said == str(raised.value)


def test_one_name_for_two_layers() -> None:
    """A time of a name that two layers have is refused."""
    graph = graph_of("Input data 0 1 data", "ReLU same 1 1 data a", "ReLU same 1 1 a b")
    with pytest.raises(InputError, match="2 layers are named 'same'"):
        parse_timings("ReLU same 1ms", "t", graph)
