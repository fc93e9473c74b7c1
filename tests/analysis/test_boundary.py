"""Sets of layers in 32-bit storage that are closed: every input arrives in 32 bits."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from maskctl.analysis.boundary import Storage, closed_set
from maskctl.graph.network import Graph
from maskctl.targets import PRECISIONS, TARGETS
from maskctl.targets.storage import hazards
from tests.builders import chain_of, graph_of

ARM, X86 = TARGETS["arm82"], TARGETS["x86-avx512bf16"]
FP16, BF16 = PRECISIONS["fp16"], PRECISIONS["bf16"]
JOINED = graph_of(
    "Input data 0 1 data",
    "Split split 1 2 data left right",
    "Sigmoid one 1 1 left a",
    "Sigmoid two 1 1 right b",
    "Concat join 2 1 a b c",
    "Sigmoid last 1 1 c d",
)


HANDED_ON = graph_of(
    "Input data 0 1 data",
    "Split split 1 2 data left right",
    "Squeeze one 1 1 right a",
    "Concat join 2 1 left a b",
    "Flatten last 1 1 b c",
)
"""On x86 Squeeze and Concat hand 16 bits on whatever their mask."""


def test_from_the_inputs_on() -> None:
    """A layer in the middle takes all before it along, nothing behind it."""
    assert {1: 2, 2: 3} == closed_set(chain_of("ReLU", "ReLU", "ReLU"), ARM, FP16, [0, 0, 1, 0], 2)


def test_branches_are_decided_together() -> None:
    """A layer that joins branches takes every branch along, back to where they part."""
    assert dict.fromkeys(range(1, 5), 2) == closed_set(JOINED, ARM, FP16, [0] * 6, 4)
    assert {1: 2, 2: 2} == closed_set(JOINED, ARM, FP16, [0] * 6, 2)


def test_behind_a_layer_without_16_bits() -> None:
    """A layer behind a type without 16-bit storage needs nobody else."""
    assert {3: 4} == closed_set(chain_of("ReLU", "Squeeze", "ReLU"), ARM, BF16, [0] * 4, 3)


def test_nothing_to_do() -> None:
    """A layer that keeps 32 bits already has no set."""
    assert closed_set(chain_of("Squeeze", "ReLU", masks=[0, 2]), ARM, FP16, [0, 0, 2], 2) is None
    assert closed_set(chain_of("ReLU", "Squeeze"), ARM, FP16, [0, 0, 0], 2) is None


@given(
    st.lists(st.sampled_from(["ReLU", "Squeeze", "Pooling 7=1", "Softmax", "Dropout", "Clip"]), min_size=1, max_size=8),
    st.data(),
)
def test_always_safe(types: list[str], data: st.DataObject) -> None:
    """Whatever the chain, a closed set has no hazard, and without any one of its masks one of those left has."""
    graph = chain_of(*types)
    index = data.draw(st.integers(1, len(types)))
    precision = data.draw(st.sampled_from(["fp16", "bf16"]))
    found = closed_set(graph, ARM, PRECISIONS[precision], [0] * len(graph.layers), index) or {}
    masks = [found.get(place, 0) for place in range(len(graph.layers))]
    assert () == hazards(graph, ARM, masks)
    for place in set(found) - {index}:
        assert hazards(graph, ARM, [0 if other == place else mask for other, mask in enumerate(masks)])


def test_a_layer_that_hands_on_reads_one_format() -> None:
    """A branch cannot be kept in 32 bits where a masked layer behind it would read two formats at once."""
    masks = [0, 0, 0, 0, 4, 0]
    assert () == hazards(JOINED, TARGETS["x86"], masks)
    assert closed_set(JOINED, TARGETS["x86"], BF16, masks, 2) is None


@given(
    st.one_of(
        st.lists(
            st.sampled_from(["ReLU", "Squeeze", "Pooling 7=1", "Softmax", "Dropout", "Split", "Cast"]),
            min_size=1,
            max_size=5,
        ).map(lambda types: chain_of(*types)),
        st.sampled_from([JOINED, HANDED_ON]),
    ),
    st.data(),
)
def test_what_a_bit_takes(graph: Graph, data: st.DataObject) -> None:
    """No set of masks in which a layer's bit is honoured lacks one of those it takes, whatever else is masked."""
    layers = range(len(graph.layers))
    index = data.draw(st.integers(1, len(graph.layers) - 1))
    target, precision, bit = data.draw(st.sampled_from([(ARM, FP16, 2), (ARM, BF16, 4), (X86, BF16, 4)]))
    storage = Storage(graph, target, precision, [0] * len(graph.layers))
    closed = storage.bits(index)
    taken = {place for place in closed if place != index and storage.is_taken(index, place)}
    for bits in itertools.product((0, bit), repeat=len(closed)):
        some = dict(zip(closed, bits, strict=True))
        masks = [some.get(place, 0) for place in layers]
        if some.get(index) and not hazards(graph, target, masks):
            assert all(masks[place] for place in taken), (masks, taken)


def test_a_chain_takes_all_before() -> None:
    """In a chain of layers with 16-bit storage the last takes every other one, the first none."""
    storage = Storage(chain_of("ReLU", "ReLU", "ReLU"), ARM, FP16, [0] * 4)
    assert ({1: 2, 2: 2, 3: 2}, [True, True]) == (storage.bits(3), [storage.is_taken(3, place) for place in (1, 2)])
    assert {1: 2} == storage.bits(1)
