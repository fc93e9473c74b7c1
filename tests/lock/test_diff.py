"""What two networks mean differently: nothing for another spelling, and no more than what was done."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.reexports import CHANGES, changed
from maskctl.graph.network import Layer, build
from maskctl.lock.diff import Change, Difference, difference, in_order
from maskctl.param import load, parse
from tests.builders import graph_of
from tests.lock.nets import INT8, MADE, MEANT, OPTIMIZED, by_hand, made
from tests.lock.test_match import EACH_PARAM

PLAIN = (
    "Input data 0 1 data 0=8 1=8 2=3",
    "Convolution conv 1 1 data conv 0=4 1=3 4=1 5=1 6=108 9=2 -23310=1,0.1",
    "Split split 1 2 conv a b",
    "Pooling left 1 1 a left 1=2 2=2",
    "Pooling right 1 1 b right 0=1 1=2 2=2",
    "Concat cat 2 1 left right out",
)


def shown(found: Difference) -> list[str]:
    """Each change of a pair in a few words, behind what was removed and added."""
    words = [f"-{layer.name}" for layer in found.removed] + [f"+{layer.name}" for layer in found.added]
    for pair in found.changed:
        words += [f"{pair.before.name} {change.what} {change.before} {change.after}" for change in pair.changes]
    return words


@EACH_PARAM
def test_a_real_network_and_itself(path: Path) -> None:
    """A real file means the same as itself."""
    assert difference(build(load(path)), build(load(path))).is_nothing


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0=4 1=3", "1=3   0=4"),
        ("4=1 5=1", "4=1 14=1 2=1 12=1 5=1 8=0"),
        ("-23310=1,0.1", "10=1.000000e-01,"),
        (" 0=8 1=8", " -23330=4,3,8,8,3 0=8 1=8"),
    ],
)
def test_other_spellings(old: str, new: str) -> None:
    """Order of parameters, defaults written out, spellings of numbers and arrays, and shape hints are no difference."""
    after = [line.replace(old, new) for line in PLAIN]
    assert list(PLAIN) != after
    assert difference(graph_of(*PLAIN), graph_of(*after)).is_nothing


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("9=2", "9=1", ["conv param 2 1"]),
        ("1,0.1", "1,0.2", ["conv param (0.1,) (0.2,)"]),
        ("6=108", "6=108 31=65", ["conv mask 0 65"]),
        ("6=108", "6=108 27=3", ["conv param None 3"]),
        ("left right out", "right left out", ["cat reads ('left', 'right') ('right', 'left')"]),
        ("1 2 conv a b", "1 2 conv b a", ["split blobs ('a', 'b') ('b', 'a')"]),
        ("Concat cat 2 1", "Concat joined 2 1", ["cat name cat joined"]),
        ("right out", "right prob", ["cat blobs ('out',) ('prob',)"]),
        ("1=2 2=2", "1=3 2=2", ["left param 2 3", "left param 2 3", "right param 2 3", "right param 2 3"]),
    ],
)
def test_one_change(old: str, new: str, expected: list[str]) -> None:
    """One thing changed is told as that, parameters that follow another by default included."""
    after = [line.replace(old, new) for line in PLAIN]
    assert expected == shown(difference(graph_of(*PLAIN), graph_of(*after)))


def test_names_of_parameters() -> None:
    """A parameter has ncnn's name where its type has it, and its id always."""
    after = [line.replace("9=2", "9=1 27=3") for line in PLAIN]
    (pair,) = difference(graph_of(*PLAIN), graph_of(*after)).changed
    assert (Change("param", 2, 1, 9, "activation_type"), Change("param", None, 3, 27, "")) == pair.changes


def test_another_order() -> None:
    """Layers in another order are told as the fewest that moved."""
    after = [PLAIN[index] for index in (0, 1, 2, 4, 3, 5)]
    assert ["left place 3 4"] == shown(difference(graph_of(*PLAIN), graph_of(*after)))


def test_a_layer_put_in() -> None:
    """A layer put in between is one layer added: what reads past it is told to read nothing new."""
    after = [*PLAIN[:2], "Noop noop 1 1 conv x", PLAIN[2].replace("conv", "x"), *PLAIN[3:]]
    assert ["+noop"] == shown(difference(graph_of(*PLAIN), graph_of(*after)))
    assert ["-noop"] == shown(difference(graph_of(*after), graph_of(*PLAIN)))


def test_shown_in_the_order_of_the_file() -> None:
    """A layer put in is shown behind those it stands behind, also where nothing has changed about these."""
    before = [PLAIN[0], "Noop early 1 1 data e", PLAIN[1].replace(" data", " e"), *PLAIN[2:]]
    after = [*PLAIN, "Noop late 1 1 out end"]
    network = graph_of(*after)
    rows = in_order(difference(graph_of(*before), network), network)
    assert ["early", "late"] == [row.name for row in rows if isinstance(row, Layer)]


def test_ncnnoptimize() -> None:
    """What ncnn's optimiser fused, removed and replaced is told layer by layer, and no other layer."""
    found = difference(made(), build(load(OPTIMIZED)))
    gone = ["stem_bn", "stem_scale", "stem_relu", "dw_relu", "left_relu", "right_relu", "block2_clip", "noop", "drop"]
    assert (gone, ()) == ([layer.name for layer in found.removed], found.added)
    (fc1,) = (pair for pair in found.changed if pair.before.name == "fc1")
    expected = [("type", ""), ("mask", ""), ("blobs", ""), ("param", "kernel_w")]
    assert expected == [(change.what, change.name) for change in fc1.changes]


def test_ncnn2int8() -> None:
    """Quantising changes one parameter of every layer with weights."""
    found = difference(build(load(OPTIMIZED)), build(load(INT8)))
    assert {("int8_scale_term", 8)} == {(change.name, change.id) for pair in found.changed for change in pair.changes}
    assert (10, (), ()) == (len(found.changed), found.removed, found.added)


def test_by_hand() -> None:
    """Exported with other names each layer that is still there is a pair, and what was put in is added."""
    found = difference(made(), by_hand())
    assert ["q", "dq", "split_2", "noop_0", "relu_1"] == [layer.name for layer in found.added]
    gone = ["stem_bn", "stem_scale", "dw_relu", "left_relu", "right_relu", "block2_clip", "noop", "drop"]
    assert gone == [layer.name for layer in found.removed]
    pairs = {pair.before.name: pair.after.name for pair in found.changed}
    assert MEANT == {name: pairs[name] for name in MEANT}
    assert ("relu_0", "conv_2", "softmax_0") == (pairs["stem_relu"], pairs["right"], pairs["prob"])


@pytest.mark.parametrize("kind", ["all layers and blobs renamed", "another topological order; renamed"])
def test_renamed(kind: str) -> None:
    """A renamed network differs in names alone, and in places where its order is another."""
    before, after, _ = changed(load(MADE), CHANGES[kind])
    found = difference(before, after)
    assert ((), ()) == (found.removed, found.added)
    assert {"name", "blobs"} | ({"place"} if "order" in kind else set()) == {
        change.what for pair in found.changed for change in pair.changes
    }


def test_unknown_types() -> None:
    """Types that nobody knows are compared by what the file says."""
    before = parse(b"7767517\n2 2\nInput data 0 1 data\nMyLayer my 1 1 data out 0=1 5=2\n")
    after = parse(b"7767517\n2 2\nInput data 0 1 data\nMyLayer my 1 1 data out 0=1 5=3\n")
    assert ["my param 2 3"] == shown(difference(build(before), build(after)))
