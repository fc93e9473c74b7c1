"""The file of a lock: the same for the same masks, read back as it was, and refused in words where it is broken."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from maskctl import lock
from maskctl.errors import InputError
from maskctl.graph.network import build
from maskctl.lock import Gain, Together
from maskctl.param import parse
from tests.builders import graph_of
from tests.lock.nets import made

NET = "Input data 0 1 data", "InnerProduct fc 1 1 data fc 0=2 2=8 31=65"
GAIN, PLAN = Gain(12.5, math.inf, 0.25, 1.0), Together(3, 9.5, math.inf, 0.125, 1.0)
TEXT = lock.to_text(lock.lock_of(graph_of(*NET)))


def test_deterministic_and_apart() -> None:
    """The same network gives the same text, each masked layer a table of its own, and no change of one table moves another."""
    graph = made()
    whole = lock.to_text(lock.lock_of(graph))
    assert whole == lock.to_text(lock.lock_of(made()))
    masks = [layer.mask for layer in graph.layers]
    masks[next(layer.index for layer in graph.layers if layer.name == "right")] = 4
    more = lock.to_text(lock.lock_of(graph, masks))
    before, after = (text.split("\n\n") for text in (whole, more))
    assert before[0] == after[0].replace(f"masks = {len(after) - 1}\n", f"masks = {len(before) - 1}\n")
    assert set(before[1:]) < set(after[1:])
    assert len(before) + 1 == len(after)


def test_words_and_numbers() -> None:
    """A table says the layer, the mask in both ways, and its shape in ncnn's parameters."""
    assert (
        'name = "fc"\ntype = "InnerProduct"\nmask = 65\nwords = "no-fp16-arithmetic,no-winograd"\nshape = "dense 2 of 8"\n'
        in TEXT
    )


def test_stories_are_read_back() -> None:
    """Reasons and gains survive writing and reading, infinite decibels included."""
    (entry,) = lock.lock_of(graph_of(*NET)).entries
    told = lock.Lock((replace(entry, reason='sum reaches "8" \\ 9', gain=GAIN, plan=PLAN),))
    assert told == lock.parse(lock.to_text(told).encode())


def test_older_locks() -> None:
    """A lock without a count of its masks, whose gain is that of the plan, is read; written again it has both."""
    told = "gain = { db_before = nan, db_after = 59.62, cosine_before = -0.5, cosine_after = 1, masks = 3 }"
    old = TEXT.replace("masks = 1\n", "").replace("words =", f"{told}\nwords =")
    (entry,) = lock.parse(old.encode()).entries
    assert (
        None,
        "Together(masks=3, sqnr_db_before=nan, sqnr_db_after=59.62, cosine_before=-0.5, cosine_after=1.0)",
    ) == (
        entry.gain,
        str(entry.plan),
    )
    again = lock.to_text(lock.Lock((entry,)))
    assert "\nmasks = 1\n" in again
    assert "\nplan = { masks = 3, sqnr_db_before = nan, sqnr_db_after = 59.62, " in again


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lock = 1", "lock = 2", "net.masks.toml: the file has version 2, and this maskctl reads 1."),
        ("lock = 1\n", "", "net.masks.toml: the file has no line 'lock = 1'."),
        ("lock = 1", "lock = [", "net.masks.toml: this is no TOML: "),
        ("lock = 1", f"lock = {'9' * 5000}", "net.masks.toml: this is no TOML: "),
        ("lock = 1", f"lock = {'[' * 5000}", "net.masks.toml: this is no TOML: its brackets are nested too deeply."),
        (
            "words =",
            f"gain = {{ db_before = {'9' * 400} }}\nwords =",
            "net.masks.toml: this is no TOML: a whole number has more than 64 bits.",
        ),
        (
            "masks = 1",
            "masks = 2",
            "net.masks.toml: the file says masks = 2 and holds 1: it was cut short, merged, or edited.",
        ),
        ("masks = 1", "masks = true", "net.masks.toml: the file says masks = True and holds 1"),
        (
            "masks = 1",
            f"masks = 0x{'f' * 5000}",
            "net.masks.toml: this is no TOML: a whole number has more than 64 bits.",
        ),
        ("mask = 65", "mask = 0", "net.masks.toml: layer 'fc' has the mask 0. Expected a number above 0"),
        ("mask = 65", 'mask = "65"', "net.masks.toml: layer 'fc' has no whole number under 'mask'."),
        ("mask = 65", "mask = true", "net.masks.toml: layer 'fc' has no whole number under 'mask'."),
        ('name = "fc"', "name = 3", "net.masks.toml: [[layer]] 1 has no text under 'name'."),
        ('name = "fc"', 'name = "fc"\nname_bytes = "0g"', "layer 'fc' has 'name_bytes' that are not hexadecimal."),
        ('up = "', 'up = "aa ', "net.masks.toml: layer 'fc' has 8 words in 'up'. Expected 7."),
        ("alike = {", "other = {", "net.masks.toml: layer 'fc' has no table under 'alike'."),
        ("shape = 1,", "shape = 1.0,", "net.masks.toml: layer 'fc' has no whole number under 'alike.shape'."),
        ("words =", "gain = 3\nwords =", "net.masks.toml: layer 'fc' has no table under 'gain'."),
        ("words =", "gain = { masks = 1 }\nwords =", "layer 'fc' has no number under 'gain.db_before'."),
        ("words =", "gain = { cosine_with = 1 }\nwords =", "layer 'fc' has no number under 'gain.sqnr_db_without'."),
        ("words =", "plan = { masks = 1 }\nwords =", "layer 'fc' has no number under 'plan.sqnr_db_before'."),
        ("words =", "plan = { }\nwords =", "layer 'fc' has no whole number under 'plan.masks'."),
        (
            "words =",
            f"gain = {{ sqnr_db_without = {2**63 - 1} }}\nwords =",
            "layer 'fc' has no number under 'gain.sqnr_db_without'.",
        ),
        ("lock = 1", f"lock = 1{'0' * 5000}", "net.masks.toml: this is no TOML: "),
        ("lock = 1", f"lock = {'[' * 5000}", "net.masks.toml: this is no TOML: "),
        ("[[layer]]", "[[layers]]", "net.masks.toml: there is no key 'layers'. Did you mean 'layer'?"),
        ("words =", 'reson = ""\nwords =', "net.masks.toml: there is no key 'layer.reson'. Did you mean 'reason'?"),
        ("[[layer]]", "[layer]", "net.masks.toml: 'layer' is no list of tables."),
        ("[[layer]]", "layer = [3]\n[[x]]", "net.masks.toml: [[layer]] 1 is no table."),
    ],
)
def test_broken(old: str, new: str, message: str) -> None:
    """A lock that cannot be used says where, what is wrong, and what was expected."""
    assert 1 == TEXT.count(old)
    with pytest.raises(InputError) as error:
        lock.parse(TEXT.replace(old, new).encode(), "net.masks.toml")
    assert message in str(error.value)


def test_not_text() -> None:
    """Bytes that are no UTF-8 are no lock."""
    with pytest.raises(InputError, match="this is no TOML"):
        lock.parse(b"\xff")


def test_names_that_are_no_text() -> None:
    """A layer whose name is no UTF-8 keeps its bytes."""
    graph = build(parse(b"7767517\n2 2\nInput data 0 1 data\nInnerProduct f\xffc 1 1 data fc 0=2 2=8 31=1\n"))
    text = lock.to_text(lock.lock_of(graph))
    assert 'name = "f\\\\xffc"\nname_bytes = "66ff63"\n' in text
    assert lock.lock_of(graph) == lock.parse(text.encode())


def test_kept_up_to_date() -> None:
    """A lock made anew keeps reasons, gains of masks that are the same, and says which layers have lost their mask."""
    before = lock.lock_of(graph_of(*TWO.format(1, 64, "a", "b").splitlines()))
    told = replace(
        before,
        entries=tuple(replace(entry, reason=f"of {entry.name}", gain=GAIN, plan=PLAN) for entry in before.entries),
    )
    graph = graph_of(*TWO.format(1, 65, "x", "y").splitlines())
    made_anew, gone = lock.updated(told, lock.lock_of(graph), graph)
    assert [("x", 1, "of a", GAIN, PLAN), ("y", 65, "of b", None, None)] == [
        (entry.name, entry.mask, entry.reason, entry.gain, entry.plan) for entry in made_anew.entries
    ]
    assert () == gone
    graph = graph_of(*TWO.format(0, 64, "x", "y").splitlines())
    made_anew, gone = lock.updated(told, lock.lock_of(graph), graph)
    assert (["y"], ["a"]) == ([entry.name for entry in made_anew.entries], [entry.name for entry in gone])


TWO = "Input data 0 1 data\nInnerProduct {2} 1 1 data h 0=4 2=16 31={0}\nInnerProduct {3} 1 1 h out 0=2 2=8 31={1}"


def test_a_mask_taken_away_leaves_the_lock() -> None:
    """The entry of a layer whose mask a plan took away goes; that of a layer which just has none in the file stays."""
    before = lock.lock_of(graph_of(*TWO.format(1, 64, "a", "b").splitlines()))
    graph = graph_of(*TWO.format(0, 0, "x", "y").splitlines())
    assert ["b"] == [entry.name for entry in lock.recorded(before, graph, {1: "not honoured"}, {}, PLAN).entries]
    assert ["a", "b"] == [entry.name for entry in lock.recorded(before, graph, {}, {}, PLAN).entries]


def test_recorded() -> None:
    """New masks get their reason and gain; others keep theirs; entries whose mask is not in the file stay behind them."""
    before = lock.lock_of(graph_of(*TWO.format(1, 64, "a", "b").splitlines()))
    told = replace(before, entries=tuple(replace(entry, reason=f"of {entry.name}") for entry in before.entries))
    graph = graph_of(*TWO.format(0, 65, "a", "b").splitlines())
    found = lock.recorded(told, graph, {2: "sum overflows"}, {}, PLAN)
    assert (None, PLAN) == (found.entries[0].gain, found.entries[0].plan)
    found = lock.recorded(told, graph, {2: "sum overflows"}, {2: GAIN}, PLAN)
    assert [("b", 65, "sum overflows", GAIN, PLAN), ("a", 1, "of a", None, None)] == [
        (entry.name, entry.mask, entry.reason, entry.gain, entry.plan) for entry in found.entries
    ]
