"""Every message about text that is no `.param`, with its place."""

from __future__ import annotations

import time

import pytest

from maskctl.errors import MaskctlError, ParamSyntaxError, Place
from maskctl.param import parse
from maskctl.param.scan import scan

HEAD = b"7767517\n1 1\n"
LONG = "n" * 256
TOO_LONG = " is longer than 255 bytes. Older engines cut it there, the newest refuses it. Give it a shorter one."
EXPECTED_LINE = (
    "Expected 'type name bottom_count top_count bottoms… tops… id=value…'; "
    "the line was cut short, or its counts are wrong."
)
EXPECTED_PARAM = "stands where a parameter was expected. Expected 'id=value', e.g. '0=64'; check the bottom and top counts of this layer."
EXPECTED_COUNT = "Expected a whole number, as in 'type name 1 1 bottom top'."
EXPECTED_COUNTS = "Expected the layer count and the blob count, e.g. '75 83'."
EXPECTED_MAGIC = (
    "Expected the magic number 7767517 alone. Either this is no ncnn .param file, or an old one: convert it again."
)
NO_SUCH_ID = "does not exist. Ids run from 0 to 31, arrays from -23300 to -23331."
NO_VALUE = "has no value. Write it directly behind the '=', without a space."
IS_NUMBER = (
    "is a number. The text format names its types, and the engine refuses numbers there. "
    "Write the type's name, e.g. 'Convolution'."
)

WHOLE_FILES = [
    (b"", "n.param: the file is empty. Expected an ncnn .param file, whose first line is 7767517."),
    (b" \r\n\t\n", "n.param: the file is empty. Expected an ncnn .param file, whose first line is 7767517."),
    (
        bytes.fromhex("dd857600") + b"\x02\0\0\0",
        "n.param: this is a binary .param.bin file. maskctl edits the text form, .param, before ncnn2mem.",
    ),
    (
        b"7767517\n1 1\nInput d\0 0 1 d\n",
        "n.param: this is a binary file. Expected an ncnn .param file, which is text: give the .param, not the .bin with its weights.",
    ),
    (
        b"\xef\xbb\xbf7767517\n1 1\n",
        "n.param:1:1: the file begins with a byte order mark, which the engine refuses. Save it as UTF-8 without BOM.",
    ),
    (b"7767516\n1 1\n", f"n.param:1:1: the first line is '7767516'. {EXPECTED_MAGIC}"),
    (b"\n\n 75 83 \n", f"n.param:3:1: the first line is '75 83'. {EXPECTED_MAGIC}"),
    (b"7767517 1 1\n", f"n.param:1:1: the first line is '7767517 1 1'. {EXPECTED_MAGIC}"),
    (b"x" * 99, f"n.param:1:1: the first line is '{'x' * 40}'. {EXPECTED_MAGIC}"),
    (b"7767517\r1 1\r", f"n.param:1:1: the first line is '7767517\r1 1'. {EXPECTED_MAGIC}"),
    (b"7767517", f"n.param:2:1: the second line is ''. {EXPECTED_COUNTS}"),
    (b"\n7767517\n\n", f"n.param:3:1: the second line is ''. {EXPECTED_COUNTS}"),
    (b"7767517\n\n1\n", f"n.param:3:1: the second line is '1'. {EXPECTED_COUNTS}"),
    (b"7767517\n0 1\n", f"n.param:2:1: the second line is '0 1'. {EXPECTED_COUNTS}"),
    (b"7767517\n1 0\n", f"n.param:2:1: the second line is '1 0'. {EXPECTED_COUNTS}"),
    (b"7767517\n-1 1\n", f"n.param:2:1: the second line is '-1 1'. {EXPECTED_COUNTS}"),
    (b"7767517\n1 1 1\n", f"n.param:2:1: the second line is '1 1 1'. {EXPECTED_COUNTS}"),
    (b"7767517\n1.0 1\n", f"n.param:2:1: the second line is '1.0 1'. {EXPECTED_COUNTS}"),
    (b"7767517\n1000000000 1\n", f"n.param:2:1: the second line is '1000000000 1'. {EXPECTED_COUNTS}"),
    (b"7767517\nInput data 0 1 data\n", f"n.param:2:1: the second line is 'Input data 0 1 data'. {EXPECTED_COUNTS}"),
]
COMMENT = "this is a comment. The format has none, and the engine reads it as a layer or a parameter. Take it out."

LAYER_LINES = [
    ("# a comment", f"n.param:3:1: {COMMENT}"),
    ("Input", "n.param:3:6: the line ends before its layer name. " + EXPECTED_LINE),
    ("Input data", "n.param:3:11: the line ends before its bottom count. " + EXPECTED_LINE),
    ("Input data 0  ", "n.param:3:13: the line ends before its top count. " + EXPECTED_LINE),
    ("Concat c 3 1 a b", "n.param:3:17: the line ends before its bottom 3 of 3. " + EXPECTED_LINE),
    ("Split s 1 2 a b\r", "n.param:3:16: the line ends before its top 2 of 2. " + EXPECTED_LINE),
    ("ReLU r 999999 1 a b", "n.param:3:20: the line ends before its bottom 3 of 999999. " + EXPECTED_LINE),
    ("  6 conv 1 1 a b", f"n.param:3:3: layer type '6' {IS_NUMBER}"),
    ("ReLU r one 1 a b", f"n.param:3:8: bottom count is 'one'. {EXPECTED_COUNT}"),
    ("ReLU r 1 -1 a b", f"n.param:3:10: top count is '-1'. {EXPECTED_COUNT}"),
    ("ReLU r 1.0 1 a b", f"n.param:3:8: bottom count is '1.0'. {EXPECTED_COUNT}"),
    ("ReLU r 1000000 1 a b", f"n.param:3:8: bottom count is '1000000'. {EXPECTED_COUNT}"),
    ("ReLU r 1 1 a b c", f"n.param:3:16: 'c' {EXPECTED_PARAM}"),
    ("ReLU r 1 1 a b # note", f"n.param:3:16: {COMMENT}"),
    ("ReLU r 1 1 a b 0 =1", f"n.param:3:16: '0' {EXPECTED_PARAM}"),
    ("ReLU r 1 1 a b 0=1 0x1F=3", f"n.param:3:20: '0x1F=3' {EXPECTED_PARAM}"),
    ("ReLU r 1 1 a b 1234567890=3", f"n.param:3:16: '1234567890=3' {EXPECTED_PARAM}"),
    ("ReLU r 1 1 a b --1=3", f"n.param:3:16: '--1=3' {EXPECTED_PARAM}"),
    ('ReLU r 1 1 a b 0="x"y', f"n.param:3:21: 'y' {EXPECTED_PARAM}"),
    ("ReLU r 1 1 a b 0= 1", f"n.param:3:16: parameter 0 {NO_VALUE}"),
    ("ReLU r 1 1 a b 0=", f"n.param:3:16: parameter 0 {NO_VALUE}"),
    ("ReLU r 1 1 a b 32=1", f"n.param:3:16: parameter id 32 {NO_SUCH_ID}"),
    ("ReLU r 1 1 a b -1=1", f"n.param:3:16: parameter id -1 {NO_SUCH_ID}"),
    ("ReLU r 1 1 a b -233=1", f"n.param:3:16: parameter id -233 {NO_SUCH_ID}"),
    ("ReLU r 1 1 a b -23332=0", f"n.param:3:16: parameter id -23332 {NO_SUCH_ID}"),
    ("ReLU r 1 1 a b\t0=0x3", "n.param:3:16: parameter 0: '0x3' is not a number."),
    ("ReLU r 1 1 a b 0=3.5f", "n.param:3:16: parameter 0: '3.5f' is not a number."),
    ("ReLU r 1 1 a b 0=-inf", "n.param:3:16: parameter 0: '-inf' is not a number."),
    ("ReLU r 1 1 a b 0=1e", "n.param:3:16: parameter 0: '1e' is not a number."),
    ("ReLU r 1 1 a b 0=.", "n.param:3:16: parameter 0: '.' is not a number."),
    ("ReLU r 1 1 a b 0=1_0", "n.param:3:16: parameter 0: '1_0' is not a number."),
    ("ReLU r 1 1 a b 0=٣", "n.param:3:16: parameter 0: '٣' is not a number."),
    ("ReLU r 1 1 a b 0=12345678901", "n.param:3:16: parameter 0: '12345678901' does not fit a 32-bit integer."),
    ("ReLU r 1 1 a b 0=2147483648", "n.param:3:16: parameter 0: '2147483648' does not fit a 32-bit integer."),
    ("ReLU r 1 1 a b 0=-2147483649", "n.param:3:16: parameter 0: '-2147483649' does not fit a 32-bit integer."),
    ("ReLU r 1 1 a b 0=1e39", "n.param:3:16: parameter 0: '1e39' does not fit a 32-bit float."),
    (
        "ReLU r 1 1 a b 0=-3.4028235677973366e38",
        "n.param:3:16: parameter 0: '-3.4028235677973366e38' does not fit a 32-bit float.",
    ),
    ("ReLU r 1 1 a b 0=1,,2", "n.param:3:16: parameter 0: '' is not a number."),
    ("ReLU r 1 1 a b 0=,", "n.param:3:16: parameter 0: '' is not a number."),
    ("ReLU r 1 1 a b 0=1,x", "n.param:3:16: parameter 0: 'x' is not a number."),
    ('ReLU r 1 1 a b 0="abc 1=2 ', 'n.param:3:16: parameter 0: string "abc 1=2 has no closing quote.'),
    ('ReLU r 1 1 a b 0="', 'n.param:3:16: parameter 0: string " has no closing quote.'),
    ("ReLU r 1 1 a b -23300=2,1", "n.param:3:16: parameter -23300: array '2,1' says 2 elements and has 1."),
    ("ReLU r 1 1 a b -23300=1,1,2", "n.param:3:16: parameter -23300: array '1,1,2' says 1 elements and has 2."),
    ("ReLU r 1 1 a b -23300=0.5,1", "n.param:3:16: parameter -23300: array '0.5,1' does not begin with its length."),
    ("ReLU r 1 1 a b -23300=-1", "n.param:3:16: parameter -23300: array '-1' does not begin with its length."),
    ("ReLU r 1 1 a b -23300=2,1, 2", "n.param:3:16: parameter -23300: '' is not a number."),
    (
        f"{LONG} r 1 1 a b",
        f"n.param:3:1: layer type '{LONG[:20]}…'{TOO_LONG}",
    ),
    (
        f"ReLU {LONG} 1 1 a b",
        f"n.param:3:6: layer name '{LONG[:20]}…'{TOO_LONG}",
    ),
    (
        f"ReLU r 1 1 a {'é' * 128}",
        f"n.param:3:14: top 1 of 1 '{'é' * 20}…'{TOO_LONG}",
    ),
]


@pytest.mark.parametrize(("data", "message"), WHOLE_FILES)
def test_whole_files(data: bytes, message: str) -> None:
    """A file that is none is refused with what was found instead."""
    with pytest.raises(ParamSyntaxError) as caught:
        parse(data, "n.param")
    assert message == str(caught.value)


@pytest.mark.parametrize(("line", "message"), LAYER_LINES)
def test_layer_lines(line: str, message: str) -> None:
    """A layer line that cannot be read is refused with line, column and the words at fault."""
    with pytest.raises(ParamSyntaxError) as caught:
        parse(HEAD + line.encode() + b"\n", "n.param")
    assert message == str(caught.value)


def test_names_of_255_bytes() -> None:
    """The longest names the engine reads are read."""
    name = "é" * 127 + "n"
    document = parse(f"7767517\n1 1\nInput {name} 0 1 {name}\n".encode())
    assert (name, (name,)) == (document.layers[0].name, document.layers[0].tops)


def test_place_counts_blank_lines() -> None:
    """The line number is the one an editor shows, blank lines and CRLF included."""
    with pytest.raises(ParamSyntaxError) as caught:
        parse(b"\r\n7767517\r\n\r\n1 1\r\n\r\nInput data 0 1\r\n", "n.param")
    assert Place("n.param", 6, 15) == caught.value.place


MANY = 100_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"9" * MANY, f"p:1:1: the first line is '{'9' * 40}'. {EXPECTED_MAGIC}"),
        (b"7767517\n" + b"9" * MANY + b" 1\n", f"p:2:1: the second line is '{'9' * 40}'. {EXPECTED_COUNTS}"),
        (b"7767517\n" + b"0" * MANY + b" 1\n", f"p:2:1: the second line is '{'0' * 40}'. {EXPECTED_COUNTS}"),
        (
            HEAD + b"R r 1 1 a b 0=" + b"1" * MANY + b"x",
            f"p:3:13: parameter 0: '{'1' * 20}…' is longer than 4000 characters.",
        ),
        (
            HEAD + b"R r 1 1 a b 0=" + b"1" * MANY,
            f"p:3:13: parameter 0: '{'1' * 20}…' is longer than 4000 characters.",
        ),
        (
            HEAD + b"R r 1 1 a b 0=1," + b"0" * MANY,
            f"p:3:13: parameter 0: '{'0' * 20}…' is longer than 4000 characters.",
        ),
        (
            HEAD + b"R r 1 1 a b 0=1e" + b"9" * MANY,
            f"p:3:13: parameter 0: '1e{'9' * 18}…' is longer than 4000 characters.",
        ),
        (
            HEAD + b"R r 1 1 a b 0=" + b"1" * 3999 + b"x",
            f"p:3:13: parameter 0: '{'1' * 3999}x' is not a number.",
        ),
        (
            HEAD + b"R r 1 1 a b -23300=" + b"0" * 5000 + b"1,7",
            f"p:3:13: parameter -23300: array '{'0' * 5000}1,7' does not begin with its length.",
        ),
        (
            HEAD + b"R r 1 1 a b " + b"1" * MANY + b"=1",
            f"p:3:13: '{'1' * MANY}=1' {EXPECTED_PARAM}",
        ),
        (HEAD + b"R r " + b"1" * MANY + b" 1 a b", f"p:3:5: bottom count is '{'1' * MANY}'. {EXPECTED_COUNT}"),
        (HEAD + b"R r 1 1 a b" + b" " * MANY + b"x", f"p:3:{12 + MANY}: 'x' {EXPECTED_PARAM}"),
    ],
)
def test_huge_tokens(data: bytes, message: str) -> None:
    """A token of a hundred thousand characters is refused like a short one, in linear time."""
    start = time.process_time()
    with pytest.raises(ParamSyntaxError) as caught:
        parse(data, "p")
    place, text = message.split(": ", 1)
    assert f"{place}: {MaskctlError(text)}" == str(caught.value)
    assert len(str(caught.value)) < 4100
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (None, "wrong"),
        ("net.param", "net.param: wrong"),
        (Place("net.param", 3), "net.param:3: wrong"),
        (Place("net.param", 3, 14), "net.param:3:14: wrong"),
    ],
)
def test_message_begins_with_its_place(place: Place | str | None, text: str) -> None:
    """An error's text is its place and its problem; both are kept apart beside it."""
    error = MaskctlError("wrong", place)
    assert text == str(error)
    assert "wrong" == error.problem


def test_a_message_of_a_megabyte_is_cut() -> None:
    """A message that holds a huge value keeps its beginning, which says what is wrong, and its end, which says what to do."""
    short = str(MaskctlError(f"type '{'x' * 10**6}' is not known. Write another."))
    assert 4003 == len(short)
    assert ("type 'xxx", "x' is not known. Write another.") == (short[:9], short[-31:])


def test_a_file_of_lines_that_are_no_layers() -> None:
    """After a thousand lines that cannot be read the rest is not looked at, and the last error says so."""
    errors = scan(b"7767517\n1 1\n" + b"a\n" * 5000, "p").errors
    assert 1001 == len(errors)
    assert (
        "p:1003:1: 1,000 lines before this one cannot be read, and this one and the rest were not looked at. Is this a .param file?"
    ) == str(errors[-1])
