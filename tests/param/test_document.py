"""Reading a `.param` without loss, and changing masks in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskctl.errors import InputError
from maskctl.param import ParamDocument, Value, load, parse
from maskctl.param.diff import unified_diff
from tests.builders import document_of, param_text

HEAD = b"7767517\n2 2\n"
INPUT = b"Input data 0 1 data\n"

ODD_FILES = {
    "plain": HEAD + INPUT + b"ReLU relu 1 1 data out 0=0.1\n",
    "columns": HEAD + b"Input            data     0 1 data 0=8\nReLU             relu     1 1 data out\n",
    "tabs": b"7767517\n2\t2\n" + b"Input\tdata\t0\t1\tdata\nReLU\trelu 1 1 data\tout\t0=1\t\n",
    "crlf": b"7767517\r\n2 2\r\nInput data 0 1 data\r\nReLU relu 1 1 data out 0=0.1\r\n",
    "mixed line ends": b"7767517\r\n2 2\nInput data 0 1 data\r\nReLU relu 1 1 data out\n",
    "no final newline": HEAD + INPUT + b"ReLU relu 1 1 data out",
    "no final newline, spaces": HEAD + INPUT + b"ReLU relu 1 1 data out 0=1  ",
    "blank lines": b"\n  \n7767517\n\n2 2\n\r\n" + INPUT + b"\t\n\nReLU relu 1 1 data out\n\n\n",
    "indented": b"  7767517 \n\t2 2 \n  Input data 0 1 data  \n   ReLU relu 1 1 data out   \n",
    "leading zeros in counts": b"7767517\n002 0002\n" + INPUT + b"ReLU relu 01 001 data out\n",
    "form feed and vertical tab": HEAD + INPUT + b"ReLU\x0crelu 1 1 data\x0bout 0=1\n",
    "old array": HEAD + INPUT + b"Reshape r 1 1 data out -23303=3,1,2,3 -23304=0\n",
    "new array": HEAD + INPUT + b"Reshape r 1 1 data out 3=1,2,3 4=7,\n",
    "quoted string": HEAD + INPUT + b'Reshape r 1 1 data out 6="0w, 0h  ,2" 7=""\n',
    "bare string": HEAD + INPUT + b"Foo r 1 1 data out 6=nearest 7=nan\n",
    "scientific": HEAD + INPUT + b"Clip r 1 1 data out 0=-3.402823e+38 1=1.0E+00 2=5. 3=.5 4=+1e-3\n",
    "utf-8 and equals in names": HEAD + "Input вход 0 1 a=b\nReLU 层=1 1 1 a=b 出\u00a0口\n".encode(),
    "not utf-8": HEAD + b"Input \xff\xfe 0 1 d\x80\nReLU relu 1 1 d\x80 \xc3\n",
    "unicode line separator in a name": HEAD + "Input a\u2028b 0 1 x\x85\nReLU relu 1 1 x\x85 y\x1c\n".encode(),
    "signs on ids": HEAD + INPUT + b"Foo r 1 1 data out +3=1 -0=2 09=4\n",
    "duplicate ids": HEAD + INPUT + b"Foo r 1 1 data out 0=1 0=2\n",
    "counts that lie": b"7767517\n7 9\n" + INPUT,
    "no layers": b"7767517\n1 1",
}
ODD = pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in ODD_FILES.items()])


@ODD
def test_round_trip(data: bytes) -> None:
    """Every file that can be read is written back byte for byte."""
    document = parse(data)
    assert data == document.source
    assert data == document.to_bytes()


@ODD
def test_clear_restores(data: bytes) -> None:
    """Setting masks on all layers and clearing them again gives the bytes of the file without masks."""
    document = parse(data)
    everywhere = range(len(document.layers))
    masked = document.with_masks(dict.fromkeys(everywhere, 3))
    assert (3,) * len(document.layers) == parse(masked.to_bytes()).masks
    assert data == masked.with_masks(dict.fromkeys(everywhere, 0)).to_bytes()


@ODD
def test_one_line_by_one_token(data: bytes) -> None:
    """A mask changes one line only, and that line by the seven characters of one token."""
    document = parse(data)
    for index, layer in enumerate(document.layers):
        masked = document.with_masks({index: 123})
        differing = [
            number for number, (was, now) in enumerate(zip(document.lines, masked.lines, strict=True), 1) if was != now
        ]
        changed = masked.lines[layer.number - 1]
        place = changed.index(" 31=123")
        assert [layer.number] == differing
        assert layer.text == changed[:place] + changed[place + 7 :]


@pytest.mark.parametrize(
    ("line", "mask", "expected"),
    [
        ("ReLU relu 1 1 a b", 1, "ReLU relu 1 1 a b 31=1"),
        ("ReLU relu 1 1 a b 0=0.1", 1, "ReLU relu 1 1 a b 0=0.1 31=1"),
        ("ReLU relu 1 1 a b 0=0.1  \t", 1, "ReLU relu 1 1 a b 0=0.1 31=1  \t"),
        ("ReLU relu 1 1 a b 31=3 0=0.1", 64, "ReLU relu 1 1 a b 31=64 0=0.1"),
        ("ReLU relu 1 1 a b 31=3 0=0.1", 0, "ReLU relu 1 1 a b 0=0.1"),
        ("ReLU relu 1 1 a b 0=0.1   31=3\t1=2", 0, "ReLU relu 1 1 a b 0=0.1\t1=2"),
        ("ReLU relu 1 1 a b 0=0.1\t \v31=3", 0, "ReLU relu 1 1 a b 0=0.1"),
        ("ReLU relu 1 1 a b 31=1 31=2", 4, "ReLU relu 1 1 a b 31=1 31=4"),
        ("ReLU relu 1 1 a b 31=1 0=5 31=2", 0, "ReLU relu 1 1 a b 0=5"),
        ("ReLU relu 1 1 a b -23331=1,3", 4, "ReLU relu 1 1 a b 31=4"),
        ("ReLU relu 1 1 a b 31=3.0", 1, "ReLU relu 1 1 a b 31=1"),
        ('Foo f 1 1 a b 6="x 31=9"', 1, 'Foo f 1 1 a b 6="x 31=9" 31=1'),
        ("ReLU 31=3 1 1 a 31=7", 1, "ReLU 31=3 1 1 a 31=7 31=1"),
        ("ReLU relu 1 1 a b 031=3", 0, "ReLU relu 1 1 a b"),
        ("ReLU relu 1 1 a b", 0, "ReLU relu 1 1 a b"),
    ],
)
def test_with_mask(line: str, mask: int, expected: str) -> None:
    """The last mask token is replaced where it stands, a new one follows the last parameter, 0 removes all."""
    for line_end in ("\n", "\r\n", ""):
        document = parse(f"7767517\n1 2\n{line}{line_end}".encode())
        changed = document.with_masks({0: mask})
        assert expected + line_end == changed.lines[2]
        assert (mask,) == changed.masks


@pytest.mark.parametrize(
    ("token", "mask"),
    [
        ("31=3", 3),
        ("31=+3", 3),
        ("31=003", 3),
        ("31=-1", 0),
        ("31=3.0", 0),
        ("31=3,", 0),
        ("31=abc", 0),
        ("31=256", 256),
    ],
)
def test_mask_read(token: str, mask: int) -> None:
    """The mask is the integer under id 31, and 0 for a negative one, a float, an array or a string."""
    assert (0, mask) == document_of("Input data 0 1 data", f"ReLU r 1 1 data out {token}").masks


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("0=64 1=3", {0: 64, 1: 3}),
        ("0=1 0=2", {0: 2}),
        ("0=1.0 1=1e2 2=5. 3=.5", {0: 1.0, 1: 100.0, 2: 5.0, 3: 0.5}),
        ("0=-2147483648 1=2147483647", {0: -(2**31), 1: 2**31 - 1}),
        ("0=3.4028235e38 1=1e-60", {0: 3.4028235e38, 1: 1e-60}),
        ("-23303=2,1,0.5", {3: (1, 0.5)}),
        ("-23303=0", {3: ()}),
        ("3=1,2 4=1, 5=0.5,1.5,", {3: (1, 2), 4: (1,), 5: (0.5, 1.5)}),
        ('6="0w 0h" 7=abc,d 8=nan 9=""', {6: "0w 0h", 7: "abc,d", 8: "nan", 9: ""}),
        ("-23330=4,3,8,8,3", {30: (3, 8, 8, 3)}),
    ],
)
def test_values(text: str, params: dict[int, Value]) -> None:
    """Values are the integers, floats, arrays and strings that ncnn's parser makes of them; the last duplicate wins."""
    found = document_of("Input data 0 1 data", f"Foo f 1 1 data out {text}").layers[1].params
    assert params == found
    assert [type(value) for value in params.values()] == [type(value) for value in found.values()]


def test_layer_parts() -> None:
    """A layer line knows its number, type, name, bottoms and tops."""
    layer = parse(b"7767517\n\n2 4\nInput x 0 2 x y\n\nFoo f\t2  1 x y z 3=1\n").layers[1]
    assert (6, "Foo", "f", ("x", "y"), ("z",)) == (layer.number, layer.type, layer.name, layer.bottoms, layer.tops)


def test_counts_are_what_line_two_claims() -> None:
    """The counts come from the text, whatever the lines say."""
    document = parse(param_text("Input data 0 1 data", layer_count=75, blob_count=83))
    assert (75, 83, 1) == (document.layer_count, document.blob_count, len(document.layers))


def test_with_masks_leaves_the_document() -> None:
    """The document asked for another mask stays as it was, source included."""
    document = document_of("Input data 0 1 data", "ReLU r 1 1 data out")
    changed = document.with_masks({1: 3})
    assert ((0, 0), (0, 3)) == (document.masks, changed.masks)
    assert document.source == document.to_bytes() == changed.source


def test_with_masks_needs_a_layer() -> None:
    """A layer index beyond the end is an IndexError."""
    with pytest.raises(IndexError):
        document_of("Input data 0 1 data").with_masks({1: 3})


def test_with_mask_refuses_negative() -> None:
    """A negative mask is refused before it reaches the text."""
    with pytest.raises(ValueError, match=r"\Amask -1 is negative\Z"):
        document_of("Input data 0 1 data").with_masks({0: -1})


def test_load(tmp_path: Path) -> None:
    """A file is loaded as its bytes are parsed, and the document knows its path."""
    path = tmp_path / "net.param"
    path.write_bytes(ODD_FILES["crlf"])
    assert parse(ODD_FILES["crlf"], str(path)) == load(path) == load(str(path))


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.param", "No such file or directory"), ("folder", "Is a directory")]
)
def test_load_unreadable(tmp_path: Path, name: str, reason: str) -> None:
    """A path that cannot be read is an InputError that says why."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError) as caught:
        load(tmp_path / name)
    assert f"{tmp_path / name}: cannot read the file: {reason}. Expected an ncnn .param file." == str(caught.value)


def _three_relus() -> ParamDocument:
    return document_of(
        "Input data 0 1 data", "ReLU r1 1 1 data a", "ReLU r2 1 1 a b", "ReLU r3 1 1 b c", "ReLU r4 1 1 c d"
    )


def test_diff() -> None:
    """The diff shows the changed line with one line of context."""
    expected = (
        "--- net.param\n+++ net.param\n@@ -4,3 +4,3 @@\n ReLU r1 1 1 data a\n"
        "-ReLU r2 1 1 a b\n+ReLU r2 1 1 a b 31=64\n ReLU r3 1 1 b c\n"
    )
    assert expected == unified_diff(_three_relus().with_masks({2: 64}), "net.param")


def test_diff_of_nothing() -> None:
    """Where nothing changed the diff is empty, also after set and clear."""
    document = _three_relus()
    assert "" == unified_diff(document, "net.param")
    assert "" == unified_diff(document.with_masks({2: 64}).with_masks({2: 0}), "net.param")
