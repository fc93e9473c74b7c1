"""What each mask bit does to a layer where it stands: as many words as the engine's tables and steps support."""

from __future__ import annotations

import pytest

from maskctl.graph.network import Graph
from maskctl.targets import TARGETS
from maskctl.targets.effects import BitEffect, effects
from maskctl.targets.storage import steps
from maskctl.targets.table import PRECISIONS
from tests.builders import chain_of

WINOGRAD = "Convolution 0=32 1=3 4=1 5=1 6=9216"


def found(graph: Graph, index: int = 1, precision: str = "fp16", target: str = "arm82") -> dict[int, BitEffect]:
    """The effects on one layer by bit."""
    masks = [layer.mask for layer in graph.layers]
    step = steps(graph, TARGETS[target], PRECISIONS[precision], masks)[index]
    rows = effects(graph, index, step, TARGETS[target], PRECISIONS[precision], masks[index])
    return {row.bit.value: row for row in rows}


def test_winograd() -> None:
    """On a winograd layer 64 and 1 change the kernel, 2 is honoured behind the input, and the others change nothing."""
    rows = found(chain_of(WINOGRAD))
    assert [1, 2, 4, 8, 16, 32, 64, 128] == list(rows)
    assert [1, 2, 64] == [bit for bit, row in rows.items() if row.changes]
    assert all(row.honoured and not row.is_set for row in rows.values())
    assert rows[64].effect.endswith("instead of convolution_winograd63_fp16sa")
    assert rows[1].effect.startswith("sums in fp32; ")
    assert rows[2].effect.startswith("blobs in fp32 instead of fp16")


def test_in_the_middle_bit_2_is_not_honoured() -> None:
    """Behind a layer with fp16 blobs bit 2 is not honoured, and the input it would misread is named."""
    rows = found(chain_of(WINOGRAD, WINOGRAD), 2)
    assert [2] == [bit for bit, row in rows.items() if not row.honoured]
    assert "not honoured: 'b0' arrives in fp16 and would be read as fp32" == rows[2].effect


def test_a_set_bit_is_told_by_what_it_does_now() -> None:
    """A bit the layer has is marked, and its effect is the difference to the layer without it."""
    rows = found(chain_of(WINOGRAD, masks=[64]))
    assert [64] == [bit for bit, row in rows.items() if row.is_set]
    assert rows[64].effect == found(chain_of(WINOGRAD))[64].effect


@pytest.mark.parametrize(
    ("kind", "precision", "bit", "effect"),
    [
        ("Flatten", "fp16", 1, "no effect: Flatten only moves values"),
        ("Clip", "fp16", 1, "ignored: Clip computes in fp16 all the same"),
        ("Squeeze", "fp16", 1, "no effect: blobs are fp32 here"),
        ("Squeeze", "fp16", 2, "no effect: blobs are fp32 here"),
        (WINOGRAD, "fp16", 4, "no effect: the engine runs without bf16 storage"),
        (WINOGRAD, "bf16", 2, "no effect: the engine runs without fp16 storage"),
        (WINOGRAD, "fp16-storage", 1, "no effect: the engine runs without fp16 arithmetic"),
        ("Dropout", "fp16", 64, "no effect: the layer runs without it"),
        ("Dropout", "fp16", 128, "no effect on the numbers; slower"),
        ("Dropout", "fp16", 8, "no effect on CPUs"),
    ],
)
def test_why_nothing_changes(kind: str, precision: str, bit: int, effect: str) -> None:
    """Where a bit changes nothing the reason is told."""
    row = found(chain_of(kind), precision=precision)[bit]
    assert (effect, False) == (row.effect, row.changes)


def test_a_layer_that_goes_by_the_size_of_elements_hands_on_what_arrives() -> None:
    """Behind a layer with fp16 blobs bit 2 is honoured on a Split, and does nothing there."""
    row = found(chain_of(WINOGRAD, "Split"), 2)[2]
    assert (True, False, "no effect: it hands on what arrives in fp16") == (row.honoured, row.changes, row.effect)


@pytest.mark.parametrize("precision", ["fp16", "fp16-storage", "bf16"])
@pytest.mark.parametrize("target", ["arm82", "x86"])
def test_bits_agree_with_whole_networks(precision: str, target: str) -> None:
    """A bit is honoured and changes something exactly where a network with it on the layer has a hazard or another step."""
    kinds = (WINOGRAD, "ReLU", "Squeeze", "InnerProduct 0=4 2=4", "Softmax", "Clip")
    options = PRECISIONS[precision]
    plain = steps(chain_of(*kinds), TARGETS[target], options, [0] * 7)
    for place in range(len(kinds)):
        for bit, row in found(chain_of(*kinds), place + 1, precision, target).items():
            masks = [0] * 7
            masks[place + 1] = bit
            step = steps(chain_of(*kinds), TARGETS[target], options, masks)[place + 1]
            assert row.honoured == (step.hazard is None)
            if not row.changes:
                before = plain[place + 1]
                assert (before.stored, before.weights, before.gives) == (step.stored, step.weights, step.gives)
