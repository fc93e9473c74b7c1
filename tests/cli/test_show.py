"""`maskctl show`: what is in a file, as a table and as JSON, and what is not known shown as not known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import floats, halves, param_text, tagged
from tests.cli.driver import Runner, check_golden
from tests.shared_models import SHARED

CONVOLUTION = "Convolution conv 1 1 data conv 0=2 1=1 5=1 6=2 31=65"
UNKNOWN = param_text(
    "Input data 0 1 data 0=8 1=8 2=1",
    CONVOLUTION,
    "Split split 1 2 conv a b",
    "NoSuchLayer odd 1 1 a odd",
    "Pooling pool 1 1 odd pool 0=0 1=2 2=2 31=1",
    "InnerProduct fc 1 1 b fc 0=10 1=0 2=1280",
)


@pytest.fixture
def unknown(folder: Path) -> Path:
    """A network with a layer of a type that maskctl does not know."""
    path = folder / "net.param"
    path.write_bytes(UNKNOWN)
    return path


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("show_digits", ("digits_overflow.param",)),
        ("show_digits_masked", ("digits_overflow.param", "--masked")),
        ("show_digits_json", ("digits_overflow.param", "--json")),
    ],
)
@pytest.mark.usefixtures("digits")
def test_sample_model(run: Runner, name: str, arguments: tuple[str, ...]) -> None:
    """A model with its `.bin` shows shapes, multiply-adds and the bytes its weights take there."""
    check_golden(name, ("show", *arguments), run("show", *arguments))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("show_unknown", ("net.param",)),
        ("show_unknown_masked", ("net.param", "--masked")),
        ("show_unknown_json", ("net.param", "--masked", "--json")),
        ("show_shape", ("net.param", "--shape", "data=1,4,4")),
    ],
)
@pytest.mark.usefixtures("unknown")
def test_unknown_types(run: Runner, name: str, arguments: tuple[str, ...]) -> None:
    """What a layer of an unknown type makes, and what comes behind it, is "?" in the table and null in JSON."""
    check_golden(name, ("show", *arguments), run("show", *arguments))


@pytest.mark.parametrize(
    "path",
    sorted((SHARED / "params").glob("*.param"))
    or [pytest.param(SHARED, marks=pytest.mark.skip(reason=f"no .param files in {SHARED}/params; set MASKCTL_SHARED"))],
    ids=lambda path: path.stem,
)
def test_real_files(run: Runner, path: Path) -> None:
    """Every real file shows as many layers as the engine would run, without its `.bin`."""
    result = run("show", str(path), "--json")
    assert 0 == result.code
    said = path.read_text().splitlines()[1].split()[0]
    assert int(said) == len(json.loads(result.out)["layers"])


def test_json_of_unknown(unknown: Path, run: Runner) -> None:
    """JSON says null where a figure is not known, and where the bytes come from."""
    result = run("show", unknown.name, "--json")
    shown: dict[str, Any] = json.loads(result.out)
    assert (1, "net.param", "fp32") == (shown["schema"], shown["model"], shown["weight_bytes_from"])
    assert {
        "index": 3,
        "type": "NoSuchLayer",
        "name": "odd",
        "bottoms": ["a"],
        "tops": ["odd"],
        "shapes": None,
        "shapes_are_bounds": False,
        "problem": "unknown type",
        "macs": None,
        "activation_bytes": None,
        "weight_bytes": None,
        "mask": 0,
        "mask_words": "none",
    } == shown["layers"][3]
    assert ([[2, 8, 8], [2, 8, 8]], None, 5120) == (
        shown["layers"][2]["shapes"],
        shown["layers"][4]["shapes"],
        shown["layers"][5]["weight_bytes"],
    )


def test_weight_bytes_of_the_bin(folder: Path, run: Runner) -> None:
    """Bytes are those in the `.bin`: fp16 weights count two each, the tag and the padding included."""
    (folder / "net.param").write_bytes(param_text("Input data 0 1 data 0=8 1=8 2=1", CONVOLUTION))
    weights = folder / "half.bin"
    weights.write_bytes(tagged(0x01306B47, halves(1, 2)) + floats(0, 0))
    shown = json.loads(run("show", "net.param", "--bin", "half.bin", "--json").out)
    assert ("bin", 16) == (shown["weight_bytes_from"], shown["layers"][1]["weight_bytes"])


def test_bin_that_does_not_fit(digits: Path, run: Runner) -> None:
    """A `.bin` beside the model that does not fit is a warning; one that was named is an error."""
    weights = digits / "digits_overflow.bin"
    weights.write_bytes(weights.read_bytes()[:-4])
    result = run("show", "digits_overflow.param")
    assert 0 == result.code
    assert result.err.startswith(
        "maskctl: warning: weight bytes are those of fp32 weights, because digits_overflow.bin: #7 'fc2'"
    )
    assert "(as fp32)" in result.out
    named = run("show", "digits_overflow.param", "--bin", "digits_overflow.bin")
    assert (2, "") == (named.code, named.out)
    assert named.err.startswith("maskctl: digits_overflow.bin: #7 'fc2' (InnerProduct), bias of 10: wants 40 bytes")


def test_bin_of_layers_that_cannot_be_run(unknown: Path, run: Runner) -> None:
    """A layer of an unknown type has no weights as far as one can know; a `.bin` with more than the others use says so."""
    unknown.with_suffix(".bin").write_bytes(
        tagged(0, floats(1, 2)) + floats(0, 0) + tagged(0, floats(*[0.5] * 1280)) + b"more"
    )
    result = run("show", "net.param")
    reason = (
        "net.bin: the file has 5,148 bytes and the layers of the .param use 5,144: 4 are left over. This .bin belongs to another "
        ".param, or a layer's type or parameters were changed, or layers of unknown types have weights: add them with --plugin."
    )
    assert f"maskctl: warning: weight bytes are those of fp32 weights, because {reason}\n" == result.err
    assert "(as fp32)" in result.out


def test_shapes(unknown: Path, run: Runner) -> None:
    """With --shapes every top has its bytes, and where shapes stop being known it says why and exits with 1."""
    assert unknown.exists()
    arguments = ("show", "net.param", "--shapes")
    result = run(*arguments)
    check_golden("show_shapes", arguments, result)
    assert 1 == result.code


def test_unsafe_masks(folder: Path, run: Runner) -> None:
    """A mask the engine does not honour is a warning on stderr and an object in the JSON, also with --masked."""
    layers = ("Input data 0 1 data 0=8 1=8 2=1", CONVOLUTION, "Pooling pool 1 1 conv pool 0=0 1=2 2=2 31=6")
    (folder / "net.param").write_bytes(param_text(*layers))
    expected = "".join(
        f"maskctl: warning: #2 'pool' (Pooling): its input 'conv' arrives in {stored}, and with bit {bit} set the engine "
        f"reads these 16-bit values as fp32: NaN, garbage or a crash. The safe alternative is {safe}.\n"
        for stored, bit, safe in (("fp16", 2, "31=1"), ("bf16", 4, "31=1"))
    )
    assert (0, expected) == ((result := run("show", "net.param")).code, result.err)
    shown = run("show", "net.param", "--masked", "--json")
    assert (0, expected) == (shown.code, shown.err)
    assert [
        {"index": 2, "name": "pool", "bit": 2, "blob": "conv", "safe_mask": 1},
        {"index": 2, "name": "pool", "bit": 4, "blob": "conv", "safe_mask": 1},
    ] == json.loads(shown.out)["unsafe"]


@pytest.mark.parametrize(
    ("counts", "warning"),
    [
        (
            (1, 2),
            (
                "net.param:2: the file says 1 layers and has 2. The engine drops the last 1 in silence, from 'conv' on. "
                "Write 2 2 in the second line."
            ),
        ),
        (
            (2, 1),
            (
                "net.param:2: the file says 1 blobs and has 2. Older engines write past the end of their table, newer ones "
                "refuse. Write 2 2 in the second line."
            ),
        ),
        ((2, 2), ""),
    ],
)
def test_counts_that_lie(folder: Path, run: Runner, counts: tuple[int, int], warning: str) -> None:
    """Counts the engine takes amiss are a warning on stderr, and the layers it would run are shown."""
    layers = ("Input data 0 1 data 0=8 1=8 2=1", CONVOLUTION)
    (folder / "net.param").write_bytes(param_text(*layers, layer_count=counts[0], blob_count=counts[1]))
    result = run("show", "net.param")
    assert (0, f"maskctl: warning: {warning}\n" if warning else "") == (result.code, result.err)
    assert (counts[0] == 2) == ("conv" in result.out)


def test_names_are_printed_as_they_are(folder: Path, run: Runner) -> None:
    """Names that look like markup, emoji codes or broken UTF-8 are shown, not interpreted."""
    name = b"[/b][red]x:smile:\xff"
    (folder / "net.param").write_bytes(param_text("Input data 0 1 data").replace(b"Input data", b"Input " + name))
    result = run("show", "net.param")
    assert (0, "") == (result.code, result.err)
    assert "[/b][red]x:smile:" in result.out


@pytest.mark.parametrize("terminal", [(), ("--json",)])
@pytest.mark.usefixtures("digits")
def test_no_trailing_space(run: Runner, terminal: tuple[str, ...]) -> None:
    """No line in a pipe ends in a space or holds a colour."""
    lines = run("show", "digits_overflow.param", *terminal).out.splitlines()
    assert [] == [line for line in lines if line != line.rstrip() or "\x1b" in line]


def test_shapes_by_glob(folder: Path, run: Runner) -> None:
    """A glob gives several inputs their shape, a name goes before it, and many tops are counted shape by shape."""
    names = [f"cache{number}" for number in range(6)]
    (folder / "net.param").write_bytes(
        param_text(f"Input caches 0 6 {' '.join(names)}", f"Concat c 6 1 {' '.join(names)} all")
    )
    result = run("show", "net.param", "--shapes", "--shape", "cache?=2,3", "--shape", "cache4=7,3")
    assert (0, "") == (result.code, result.err)
    assert "5 * 2x3, 1 * 7x3" in result.out.splitlines()[1]
    assert "17x3" in result.out.splitlines()[2]


def test_shapes_of_nothing(folder: Path, run: Runner) -> None:
    """--shape for a blob that is no input is refused with a near match; an Input without a shape is told by its tops."""
    (folder / "net.param").write_bytes(param_text("Input caches 0 2 left right", "Concat c 2 1 left right all"))
    expected = "maskctl: there is no input blob 'lft' to give a shape. Did you mean 'left'?\n"
    assert (2, "", expected) == tuple(run("show", "net.param", "--shape", "lft=3"))
    warning = (
        "maskctl: warning: the file has no shape for #0 'caches' (Input). Give --shape left=C,H,W and as much for its 1 other "
        "tops; globs do.\n"
    )
    result = run("show", "net.param", "--shapes")
    assert (1, warning) == (result.code, result.err)
