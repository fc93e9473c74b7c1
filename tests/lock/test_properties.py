"""What holds for locks of any names, and for any network exported again without its masks."""

from __future__ import annotations

import contextlib
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.reexports import CHANGES, Row, closed, opened
from maskctl import lock
from maskctl.errors import InputError
from maskctl.graph.network import Graph, build
from maskctl.lock import Entry, Gain, Lock, Together
from maskctl.lock.fingerprint import NEAR, Alike, Fingerprint
from maskctl.param import parse
from tests.builders import param_text

BYTES = st.binary(min_size=1, max_size=12).map(lambda data: data.decode("utf-8", "surrogateescape"))
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | BYTES
WORDS = st.text("0123456789abcdef", min_size=1, max_size=4)
COLOURS = WORDS.map(lambda word: (word,) * (NEAR + 1))
COUNTS = st.integers(0, 2**40)
ALIKE = st.tuples(COUNTS, COUNTS).map(lambda pair: Alike(*pair, *pair, *pair, pair[0]))
FLOATS = st.floats(allow_nan=False) | st.sampled_from([math.inf, -math.inf, -0.0, 5e-324])
ENTRIES = st.builds(
    Entry,
    NAMES,
    NAMES,
    st.integers(1, 2**31 - 1),
    st.builds(Fingerprint, NAMES, COLOURS, COLOURS, WORDS, WORDS, ALIKE),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.none() | st.builds(Gain, FLOATS, FLOATS, FLOATS, FLOATS),
    st.none() | st.builds(Together, COUNTS, FLOATS, FLOATS, FLOATS, FLOATS),
)


@given(st.lists(ENTRIES, max_size=2).map(tuple))
def test_round_trip(entries: tuple[Entry, ...]) -> None:
    """A lock read back is the lock that was written, whatever its layers are called."""
    assert Lock(entries) == lock.parse(lock.to_text(Lock(entries)).encode())


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.just(b"lock = 1\n[[layer]]\n"))
def test_any_bytes(data: bytes) -> None:
    """Any bytes are a lock or an error that says what is wrong with them."""
    with contextlib.suppress(InputError):
        assert isinstance(lock.parse(data), Lock)


@st.composite
def networks(draw: st.DrawFn) -> bytes:
    """A network of up to twelve layers that read any blob before them, with masks on some."""
    made, lines = ["data"], ["Input data 0 1 data"]
    for number in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["InnerProduct", "Convolution", "ReLU", "BinaryOp", "Concat", "Split", "Dropout"]))
        count = 2 if kind in {"BinaryOp", "Concat"} else 1
        if len(made) < count:
            continue
        read = [made.pop(draw(st.integers(0, len(made) - 1))) for _ in range(count)]
        tops = [f"b{number}_{top}" for top in range(2 if kind == "Split" else 1)]
        shape = {"InnerProduct": " 0=4 2=16", "Convolution": " 0=4 1=3 6=144"}.get(kind, "")
        mask = draw(st.sampled_from(["", " 31=1", " 31=64"]))
        lines.append(f"{kind} l{number} {count} {len(tops)} {' '.join(read)} {' '.join(tops)}{shape}{mask}")
        made += tops
    return param_text(*lines)


@given(networks())
def test_masks_taken_off_come_back(source: bytes) -> None:
    """Locked, stripped of its masks and put back, a file is what it was, byte for byte."""
    document = parse(source)
    graph = graph_of_file(source)
    bare = document.with_masks(dict.fromkeys(range(len(document.layers)), 0))
    found = lock.match(lock.lock_of(graph), graph_of_file(bare.to_bytes()))
    again = bare.with_masks({one.index: one.entry.mask for one in found if one.index is not None})
    assert source == again.to_bytes()


@settings(max_examples=60)
@given(
    networks(),
    st.sampled_from([name for name in CHANGES if "fused" not in name and "taken out" not in name]),
    st.integers(0, 9),
)
def test_reexports_of_any_network(source: bytes, kind: str, seed: int) -> None:
    """Exported again, a network has each mask where it was, where another layer like it had the same, or nowhere, and named."""
    document, net = parse(source), opened(parse(source), seed)
    for change in CHANGES[kind]:
        change(net)
    after = closed(net)
    for one in lock.match(lock.lock_of(graph_of_file(source)), after):
        assert one.index is not None or one.why
        if one.index is not None:
            was = net.rows[one.index].was
            assert was is not None
            assert one.entry.mask == document.layers[was].mask


def graph_of_file(source: bytes) -> Graph:
    """The graph of a file."""
    return build(parse(source))


def test_rows_are_rows() -> None:
    """A network opened and closed without a change is the file it was, but for its masks."""
    source = param_text("Input data 0 1 data", "ReLU r 1 1 data out 0=0.1")
    net = opened(parse(source), 0)
    assert [Row("Input", "data", [], ["data"], {}, 0), Row("ReLU", "r", ["data"], ["out"], {"0": "0.1"}, 1)] == net.rows
    assert source == param_text(*(layer.line.text.rstrip() for layer in closed(net).layers))
