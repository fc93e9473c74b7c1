"""What holds for any bytes, and for any `.param` that ncnn would read."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.errors import MaskctlError, ParamSyntaxError
from maskctl.param import ParamDocument, parse
from maskctl.param.grammar import _check_word_by_word, _is_plain
from maskctl.param.write import prove_edit

SPACES = st.text(" \t\v\f\r", min_size=1, max_size=3)
MAYBE_SPACES = st.text(" \t\v\f\r", max_size=2)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\n \t\n"])
NAMES = st.text(
    st.characters(exclude_characters=" \t\r\n\v\f\0", exclude_categories=["Cs"]) | st.sampled_from("=#\"',31é\u00a0"),
    min_size=1,
    max_size=8,
)
TYPES = NAMES.filter(lambda name: not name.isdigit() and not name.startswith(("#", "//")))
INTEGERS = st.integers(-(2**31), 2**31 - 1).map(str) | st.sampled_from(["+5", "007", "-0"])
FLOATS = (
    st.floats(-3.4e38, 3.4e38, allow_nan=False).map(lambda value: f"{value:e}")
    | st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr)
    | st.sampled_from(["5.", ".5", "+1E+00", "-3.402823e+38"])
)
NUMBERS = INTEGERS | FLOATS
WORDS = st.from_regex(r"[A-Za-z][A-Za-z0-9_,=.]{0,6}", fullmatch=True)
QUOTED = st.text(st.characters(exclude_characters='"\n\0', exclude_categories=["Cs"]), max_size=8).map(
    lambda text: f'"{text}"'
)
IDS = st.integers(0, 30)
PLAIN_TOKENS = st.tuples(
    IDS, NUMBERS | WORDS | QUOTED | st.lists(NUMBERS, min_size=1, max_size=4).map(lambda v: ",".join(v) + ",")
)
OLD_ARRAYS = st.tuples(
    IDS.map(lambda number: -23300 - number),
    st.lists(NUMBERS, max_size=4).map(lambda items: ",".join([str(len(items)), *items])),
)
TOKENS = (PLAIN_TOKENS | OLD_ARRAYS).map(lambda pair: f"{pair[0]}={pair[1]}")


@st.composite
def layer_lines(draw: st.DrawFn) -> str:
    """One layer line without line end and without a mask."""
    bottoms, tops = draw(st.lists(NAMES, max_size=3)), draw(st.lists(NAMES, max_size=3))
    words = [draw(TYPES), draw(NAMES), str(len(bottoms)), str(len(tops)), *bottoms, *tops]
    words += draw(st.lists(TOKENS, max_size=4))
    return draw(MAYBE_SPACES) + "".join(word + draw(SPACES) for word in words[:-1]) + words[-1] + draw(MAYBE_SPACES)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """The bytes of a `.param` file with one to four layers, laid out in any way the engine reads."""
    lines = ["7767517", "3 4", *draw(st.lists(layer_lines(), min_size=1, max_size=4))]
    text = "".join(line + draw(LINE_ENDS) for line in lines[:-1]) + lines[-1]
    return (text + draw(st.sampled_from(["", "\n", "\r\n", "\n\n"]))).encode()


PLAIN_LINES = st.lists(
    st.sampled_from(
        [
            "ReLU",
            "0",
            "1",
            "2",
            "00",
            "a",
            "b",
            "#c",
            "0=1",
            "1=-2.5",
            "-23300=1,2",
            "-23300=2,2",
            "5=",
            "99=1",
            '0="x y"',
        ]
    )
    | TOKENS
    | st.integers(60, 300).map(lambda count: "n" * count),
    min_size=4,
    max_size=10,
).map(" ".join)


@given(st.one_of(layer_lines(), PLAIN_LINES), st.sampled_from(["", "\n", "\r\n", " \t\n"]))
def test_the_quick_way_reads_the_same(line: str, end: str) -> None:
    """A line that is seen to be plain is right word by word; one that is wrong is not plain."""
    with contextlib.suppress(ParamSyntaxError):
        _check_word_by_word(line + end, 7, "net.param")
        return
    assert not _is_plain(line + end)


def test_lines_of_converters_go_the_quick_way() -> None:
    """What converters write is seen to be plain."""
    for line in (
        "Input            data             0 1 data 0=4 1=4\n",
        "Convolution c 1 1 a b 0=8 -23310=1,1.000000e-01\r\n",
        "Noop end 1 0 data",
    ):
        assert _is_plain(line)


WORDS_OF_THE_FORMAT = (
    *("Input", "data", "7767517", "1 1", "\n", "\n", " ", " ", "0", "1", "9", "31=", "0=", "-23300=", "32="),
    *("-", "+", ".", "e", ",", '"', "=", "\r", "\t", "\0", "\xff", "0x3", "1e999"),
)
NEAR_PARAM = st.lists(st.sampled_from(WORDS_OF_THE_FORMAT), max_size=30).map(
    lambda words: "7767517\n1 1\nInput data 0 1 data " + "".join(words)
)


def _read(data: bytes) -> ParamDocument | None:
    try:
        return parse(data)
    except MaskctlError:
        return None


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"7767517\n1 1\n" + tail))
@settings(deadline=None, max_examples=200)
def test_any_bytes(data: bytes) -> None:
    """Any bytes are a document that is written back as they were, or a MaskctlError."""
    document = _read(data)
    assert document is None or data == document.to_bytes()


@given(NEAR_PARAM.map(lambda text: text.encode("latin-1")))
@settings(deadline=None, max_examples=300)
def test_nearly_a_document(data: bytes) -> None:
    """Text put together from the words of the format is a document without loss, or a MaskctlError."""
    document = _read(data)
    assert document is None or data == document.to_bytes()


@given(documents())
@settings(deadline=None, max_examples=150)
def test_round_trip(data: bytes) -> None:
    """Every valid document is read, and written back byte for byte."""
    assert data == parse(data).to_bytes()


@given(documents(), st.data())
@settings(deadline=None, max_examples=150)
def test_set_then_clear_restores(data: bytes, choices: st.DataObject) -> None:
    """Masks set on any layers read back, pass the writer's proof, and cleared again leave the first bytes."""
    document = parse(data)
    indices = st.integers(0, len(document.layers) - 1)
    masks = choices.draw(st.dictionaries(indices, st.integers(1, 2**31 - 1)))
    masked = document.with_masks(masks)
    assert tuple(masks.get(index, 0) for index in range(len(document.layers))) == parse(masked.to_bytes()).masks
    prove_edit(data, masked.to_bytes(), masks)
    assert data == masked.with_masks(dict.fromkeys(masks, 0)).to_bytes()


@given(documents(), st.integers(1, 255), st.integers(1, 255))
@settings(deadline=None, max_examples=100)
def test_last_mask_wins(data: bytes, first: int, second: int) -> None:
    """Setting one mask and then another is the same as setting the other at once."""
    document = parse(data)
    assert (
        document.with_masks({0: second}).to_bytes()
        == document.with_masks({0: first}).with_masks({0: second}).to_bytes()
    )
