"""Which layers the entries of a lock mean: found where that is certain, named where it is not, never guessed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conformance.reexports import CHANGES, EDITS, changed, closed, every_third, judged, opened
from maskctl import lock
from maskctl.graph.network import build
from maskctl.param import load, parse
from tests.builders import graph_of, param_text
from tests.lock.nets import INT8, MADE, MEANT, OPTIMIZED, by_hand, made, names
from tests.shared_models import SHARED

PARAMS = [*sorted((SHARED / "params").glob("*.param")), *sorted((SHARED / "models").glob("*.param"))]
ABSENT = pytest.mark.skip(reason=f"no .param files in {SHARED}/params and models (set MASKCTL_SHARED)")
EACH_PARAM = pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.name) for path in PARAMS] or [pytest.param(SHARED, marks=ABSENT)]
)

BLOCK = "Convolution {0} 1 1 {1} {0} 0=8 1=3 6=576{2}"


@pytest.mark.parametrize("path", [OPTIMIZED, INT8], ids=["ncnnoptimize", "ncnn2int8"])
def test_ncnns_own_tools(path: Path) -> None:
    """Every mask comes back on what ncnn's optimiser and quantiser write, by their names."""
    after = build(load(path))
    assert {name: name for name in MEANT} == names(lock.match(lock.lock_of(made()), after), after)


@pytest.mark.parametrize("path", [OPTIMIZED, INT8], ids=["ncnnoptimize", "ncnn2int8"])
@pytest.mark.parametrize("change", ["all layers and blobs renamed", "another topological order; renamed"])
def test_ncnns_own_tools_without_names(path: Path, change: str) -> None:
    """The same masks come back when nothing is called as it was: fusing took no layer away that has weights."""
    net = opened(load(path), 3)
    real = {row.name: row for row in net.rows}
    for step in CHANGES[change]:
        step(net)
    after = closed(net)
    found = names(lock.match(lock.lock_of(made()), after), after)
    assert {name: real[name].name for name in MEANT} == found


def test_exported_by_hand() -> None:
    """Renamed, in another order, with Split, Noop and Quantize put in and activations fused, each layer is found."""
    after = by_hand()
    assert MEANT == names(lock.match(lock.lock_of(made()), after), after)


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("seed", range(2))
def test_reexports(kind: str, seed: int) -> None:
    """Whatever a re-export does that leaves the network the same, every mask comes back on its layer."""
    before, after, was = changed(load(MADE), CHANGES[kind], seed)
    masks = every_third(before)
    total = judged(masks, lock.match(lock.lock_of(before, masks), after), was)
    assert (sum(map(bool, masks)), 0, 0) == (total.right, total.named, total.wrong)


@pytest.mark.parametrize("weighted", [True, False], ids=["weighted", "any"])
@pytest.mark.parametrize("kind", [*CHANGES, *EDITS])
def test_never_wrong(kind: str, *, weighted: bool) -> None:
    """Whatever is done to the network, no mask comes back on another layer than its own."""
    for seed in range(4):
        before, after, was = changed(load(MADE), {**CHANGES, **EDITS}[kind], seed)
        masks = every_third(before, weighted=weighted)
        assert 0 == judged(masks, lock.match(lock.lock_of(before, masks), after), was).wrong


@EACH_PARAM
def test_real_networks(path: Path) -> None:
    """On real files too: unfused, in int8, with layers put in, in another order and renamed, every mask comes back."""
    before, after, was = changed(load(path), CHANGES["all of these, renamed"])
    masks = every_third(before)
    total = judged(masks, lock.match(lock.lock_of(before, masks), after), was)
    assert (sum(map(bool, masks)), 0, 0) == (total.right, total.named, total.wrong)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("params/assets-squeezenet_v1.1.param", "params/ncnn-squeezenet_int8.param"),
        ("params/ncnn-squeezenet_int8.param", "models/squeezenet_v1.1.param"),
        ("params/assets-mobilenet_ssd_voc_ncnn.param", "params/ncnn-mobilenet_ssd.param"),
    ],
)
def test_models_published_twice(one: str, other: str) -> None:
    """Each masked layer of a model is found in another export of it, SqueezeNet in int8 and back, by name and without."""
    if not PARAMS:
        pytest.skip(f"no models in {SHARED} (set MASKCTL_SHARED)")
    before = build(load(SHARED / one))
    masks = every_third(before)
    for change in (), CHANGES["all layers and blobs renamed"]:
        net = opened(load(SHARED / other), 0)
        old = {layer.name: layer.index for layer in before.layers}
        was = [old.get(row.name) for row in net.rows]
        for step in change:
            step(net)
        total = judged(masks, lock.match(lock.lock_of(before, masks), closed(net)), was)
        assert (sum(map(bool, masks)), 0, 0) == (total.right, total.named, total.wrong)


TWINS = ("Input data 0 1 data", "Split split 1 2 data a b")
HEADS = "InnerProduct one 1 1 a x 0=4 2=16{}", "InnerProduct two 1 1 b y 0=4 2=16{}"
OTHERS = "InnerProduct p 1 1 a x 0=4 2=16", "InnerProduct q 1 1 b y 0=4 2=16"


def test_twins_without_names_are_named() -> None:
    """Two layers that nothing but names tells apart are both named when the names are gone."""
    before = graph_of(*TWINS, HEADS[0].format(" 31=1"), HEADS[1].format(""))
    (found,) = lock.match(lock.lock_of(before), graph_of(*TWINS, *OTHERS))
    assert (None, (2, 3)) == (found.index, found.candidates)
    assert "2 layers are alike in all but their names, and none has its name" == found.why


def test_twins_with_names() -> None:
    """Names tell apart what nothing else does, also where the layers have changed places."""
    before = graph_of(*TWINS, HEADS[0].format(" 31=1"), HEADS[1].format(" 31=64"))
    after = graph_of(*TWINS, HEADS[1].format(""), HEADS[0].format(""))
    assert {"one": "one", "two": "two"} == names(lock.match(lock.lock_of(before), after), after)


def test_twins_with_one_mask() -> None:
    """Where all twins have the same mask it does not matter which is which, and all get it."""
    before = graph_of(*TWINS, HEADS[0].format(" 31=1"), HEADS[1].format(" 31=1"))
    assert [2, 3] == [found.index for found in lock.match(lock.lock_of(before), graph_of(*TWINS, *OTHERS))]


def chain(*layers: tuple[str, str], mask: str = "") -> bytes:
    """A stem, a row of convolutions that are alike, and a head; a pair is a name and the kind "same", "stem" or "head"."""
    kinds = {
        "same": "0=8 1=3 6=576",
        "stem": "0=8 1=3 6=216",
        "other": "0=8 1=5 6=600",
        "head": "0=10 1=1 6=80",
        "heads": "0=12 1=1 6=96",
    }
    lines, blob = ["Input data 0 1 data"], "data"
    for name, kind in layers:
        lines.append(f"Convolution {name} 1 1 {blob} {name}_blob {kinds[kind]}{' 31=1' if name == mask else ''}")
        blob = f"{name}_blob"
    return param_text(*lines)


ROW = [("c0", "stem"), ("c1", "same"), ("c2", "same"), ("c3", "same"), ("c4", "same"), ("c5", "head")]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (ROW, "c3"),
        ([("d0", "stem"), *((f"d{n}", "same") for n in range(1, 5)), ("d5", "head")], "d3"),
        # one more in front, numbered anew: c3 is now what was c2
        ([("c0", "other"), ("c1", "stem"), *((f"c{n}", "same") for n in range(2, 6)), ("c6", "head")], None),
        # the same, but without names: all that is behind is as it was
        ([("d0", "other"), ("d1", "stem"), *((f"d{n}", "same") for n in range(2, 6)), ("d6", "head")], "d4"),
        # other outputs: all that is before is as it was
        ([("d0", "stem"), *((f"d{n}", "same") for n in range(1, 5)), ("d5", "heads")], "d3"),
        # one of the row more: from the front it is the third, from behind another
        ([("c0", "stem"), *((f"c{n}", "same") for n in range(1, 6)), ("c6", "head")], None),
        # one of the row less
        ([("c0", "stem"), *((f"c{n}", "same") for n in range(1, 4)), ("c4", "head")], None),
        # another beginning and another end, names kept: nothing is as much like it as the layer of its name
        ([("c0", "other"), *ROW[1:5], ("c5", "heads")], "c3"),
        # the same without names
        ([("d0", "other"), *((f"d{n}", "same") for n in range(1, 5)), ("d5", "heads")], None),
        # names kept and a layer taken out of the row: the mask of the row's third is not the fourth's
        ([ROW[0], ROW[1], ROW[2], ROW[4], ROW[5]], None),
        # its name on a layer of another shape
        ([("c0", "stem"), ("c1", "same"), ("c2", "same"), ("c3", "other"), ("c4", "same"), ("c5", "head")], None),
    ],
)
def test_a_row_of_equal_layers(after: list[tuple[str, str]], expected: str | None) -> None:
    """In a row of equal layers the mask comes back on the same one, or on none where that is not certain."""
    before = build(parse(chain(*ROW, mask="c3")))
    network = build(parse(chain(*after)))
    assert {"c3": expected} == names(lock.match(lock.lock_of(before), network), network)


def test_trusted_names() -> None:
    """With `by_name` the layer of the same name and type is it, whatever has become of the network around it."""
    before = build(parse(chain(*ROW, mask="c3")))
    after = build(parse(chain(("c0", "stem"), ("c3", "other"), ("c5", "head"))))
    assert {"c3": None} == names(lock.match(lock.lock_of(before), after), after)
    assert {"c3": "c3"} == names(lock.match(lock.lock_of(before), after, by_name=True), after)


def test_another_network() -> None:
    """A network with nothing but its first layer and a name in common gets no mask."""
    before = build(parse(chain(*ROW, mask="c0")))
    after = graph_of("Input data 0 1 data", "Convolution d0 1 1 data x 0=8 1=3 6=216", "Pooling c0 1 1 x y 0=1 4=1")
    assert {"c0": None} == names(lock.match(lock.lock_of(before), after), after)


def test_a_fused_layer_has_no_place() -> None:
    """A mask on an activation that has been fused is named; its place is not given to the layer that computes it now."""
    before = graph_of("Input data 0 1 data", BLOCK.format("c", "data", ""), "ReLU r 1 1 c r 31=1")
    after = graph_of("Input data 0 1 data", BLOCK.format("c", "data", " 9=1"))
    (found,) = lock.match(lock.lock_of(before), after)
    assert (None, "no layer has its shape (ReLU), nor its name") == (found.index, found.why)


def test_a_split_put_in_front_of_a_masked_one() -> None:
    """Of two Splits in a row none is taken for the one that had the mask."""
    lines = "ReLU l 1 1 a x", "ReLU r 1 1 b y"
    before = graph_of("Input data 0 1 data", "Split s 1 2 data a b 31=2", *lines)
    after = graph_of("Input data 0 1 data", "Split t 1 1 data d", "Split u 1 2 d a b", *lines)
    assert {"s": None} == names(lock.match(lock.lock_of(before), after), after)


def test_a_masked_split_taken_out_and_another_put_in() -> None:
    """Where a layer that passes values on has lost its name its place is not enough: the one there may be another's."""
    branches = "InnerProduct p 1 1 a x 0=4 2=16", "InnerProduct q 1 1 b y 0=4 2=16"
    before = graph_of(
        "Input data 0 1 data", "Split s 1 2 data a b", *branches, "Split l 1 1 x z 31=1", "ReLU r 1 1 z o"
    )
    after = graph_of("Input data 0 1 data", "Split s 1 2 data a b", *branches, "Split m 1 1 y z", "ReLU r 1 1 z o")
    (found,) = lock.match(lock.lock_of(before), after)
    assert (None, True) == (found.index, "come and go with exports, and its name is gone" in found.why)
    kept = graph_of("Input data 0 1 data", "Split s 1 2 data a b", *branches, "Split l 1 1 x z", "ReLU r 1 1 z o")
    assert {"l": "l"} == names(lock.match(lock.lock_of(before), kept), kept)


def test_one_layer_for_two_entries() -> None:
    """Where two entries mean one layer neither gets it."""
    before = build(parse(chain(*ROW, mask="c3")))
    (entry,) = lock.lock_of(before).entries
    twice = lock.Lock((entry, entry))
    assert [None, None] == [found.index for found in lock.match(twice, before)]
    assert "another layer of the lock is #4 'c3' (Convolution) as well" == lock.match(twice, before)[0].why


def test_a_branch_taken_out_and_numbers_moved_up() -> None:
    """When one of two branches goes and the other gets its number, the mask of the first does not go to the second."""
    branches = "Convolution conv_{} 1 1 {} l 0=8 1=3 6=216{}", "Convolution conv_{} 1 1 {} r 0=8 1=3 6=216"
    stem, concat = ("Input data 0 1 data", "Split s 1 2 data a b"), "Concat cat 2 1 {} {} out"
    before = graph_of(*stem, branches[0].format(0, "a", " 31=1"), branches[1].format(1, "b"), concat.format("l", "r"))
    after = graph_of(*stem, branches[1].format(0, "b"), concat.format("a", "r"))
    assert {"conv_0": None} == names(lock.match(lock.lock_of(before), after), after)


def test_a_long_row_of_passing_layers() -> None:
    """What a lock takes grows with the network, also where thousands of layers only pass values on."""
    lines = ["Input data 0 1 b0", *(f"ReLU r{number} 1 1 b{number} b{number + 1}" for number in range(5000))]
    graph = graph_of(*lines, "InnerProduct fc 1 1 b5000 out 0=2 2=8 31=1")
    begun = time.process_time()
    (found,) = lock.match(lock.lock_of(graph), graph)
    assert (5001, True) == (found.index, time.process_time() - begun < 10)
