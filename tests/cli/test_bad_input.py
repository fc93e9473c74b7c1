"""Bad input: each with its exact message, exit code 2, and every file in the folder as it was."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pytest

from maskctl.targets.storage import kernel_of
from tests.builders import HALVED, TAG_FP32_PLAIN, floats, param_text, tagged
from tests.cli.driver import Runner, environment, program, spawn, state

INPUT = "Input data 0 1 data 0=2 1=2 2=1"
CONVOLUTION = "Convolution conv 1 1 data conv 0=1 1=1 5=1 6=1"
SOFTMAX = "Softmax prob 1 1 conv prob"
PARAM = param_text(INPUT, CONVOLUTION, SOFTMAX)
BIN = tagged(TAG_FP32_PLAIN, floats(1.0)) + floats(0.5)


def npy(values: npt.ArrayLike, *, pickled: bool = False) -> bytes:
    """The bytes of a `.npy` file."""
    file = io.BytesIO()
    np.save(file, np.asarray(values), allow_pickle=pickled)
    return file.getvalue()


def npz(**arrays: npt.ArrayLike) -> bytes:
    """The bytes of a `.npz` file."""
    file = io.BytesIO()
    made: dict[str, Any] = {name: np.asarray(values) for name, values in arrays.items()}
    np.savez(file, **made)
    return file.getvalue()


ONES = npy(np.ones((1, 2, 2), np.float32))

PARAM_FILES: Mapping[str, tuple[bytes | None, str]] = {
    "missing": (None, "net.param: cannot read the file: No such file or directory. Expected an ncnn .param file."),
    "empty": (b"", "net.param: the file is empty. Expected an ncnn .param file, whose first line is 7767517."),
    "blank": (b" \n", "net.param: the file is empty. Expected an ncnn .param file, whose first line is 7767517."),
    "binary": (
        b"\x7fELF\0\1",
        "net.param: this is a binary file. Expected an ncnn .param file, which is text: give the .param, not the .bin with its weights.",
    ),
    "param.bin": (
        b"\xdd\x85\x76\0\1\0\0\0",
        "net.param: this is a binary .param.bin file. maskctl edits the text form, .param, before ncnn2mem.",
    ),
    "byte order mark": (
        b"\xef\xbb\xbf" + PARAM,
        "net.param:1:1: the file begins with a byte order mark, which the engine refuses. Save it as UTF-8 without BOM.",
    ),
    "wrong magic": (
        PARAM.replace(b"7767517", b"7767518"),
        (
            "net.param:1:1: the first line is '7767518'. Expected the magic number 7767517 alone. "
            "Either this is no ncnn .param file, or an old one: convert it again."
        ),
    ),
    "no counts": (
        b"7767517\n",
        "net.param:2:1: the second line is ''. Expected the layer count and the blob count, e.g. '75 83'.",
    ),
    "truncated line": (
        PARAM[: PARAM.index(b" conv prob")],
        (
            "net.param:5:17: the line ends before its bottom 1 of 1. Expected 'type name bottom_count top_count bottoms… "
            "tops… id=value…'; the line was cut short, or its counts are wrong."
        ),
    ),
    "no id": (
        PARAM.replace(b"0=1 1=1", b"0=1 x=1"),
        (
            "net.param:4:36: 'x=1' stands where a parameter was expected. Expected 'id=value', e.g. '0=64'; "
            "check the bottom and top counts of this layer."
        ),
    ),
    "too few layers": (
        PARAM.replace(b"3 3\n", b"4 4\n"),
        (
            "net.param:2: the file says 4 layers and has 3. The engine refuses it. "
            "The file was cut short, or the count in its second line is wrong."
        ),
    ),
    "too many layers": (
        PARAM.replace(b"3 3\n", b"2 3\n"),
        (
            "net.param:2: the file says 2 layers and has 3. The engine drops the last 1 in silence, from 'prob' on. "
            "Write 3 3 in the second line."
        ),
    ),
    "too many blobs": (
        PARAM.replace(b"3 3\n", b"3 2\n"),
        (
            "net.param:2: the file says 2 blobs and has 3. Older engines write past the end of their table, newer ones "
            "refuse. Write 3 3 in the second line."
        ),
    ),
    "blob nobody produces": (
        PARAM.replace(b"1 1 conv prob", b"1 1 conf prob"),
        ("net.param:5: #2 'prob' (Softmax) reads blob 'conf', which no layer before it produces. Did you mean 'conv'?"),
    ),
    "blob used before produced": (
        param_text(INPUT, SOFTMAX, CONVOLUTION),
        (
            "net.param:4: #1 'prob' (Softmax) reads blob 'conv', which no layer before it produces. "
            "Check the order of the layers and the spelling."
        ),
    ),
    "blob read twice": (
        param_text(INPUT, CONVOLUTION, SOFTMAX, "Softmax again 1 1 conv again"),
        (
            "net.param:6: #3 'again' (Softmax) reads blob 'conv', which #2 'prob' (Softmax) reads already. "
            "The engine gives each blob one reader: put a Split layer behind its producer."
        ),
    ),
    "blob produced twice": (
        param_text(INPUT, CONVOLUTION, "Softmax prob 1 1 conv data"),
        (
            "net.param:5: #2 'prob' (Softmax) produces blob 'data', which #0 'data' (Input) produces already. "
            "Give one of the two another name."
        ),
    ),
}

BIN_FILES: Mapping[str, tuple[bytes | None, str]] = {
    "missing": (None, "net.bin: cannot read the weights: No such file or directory. Give the .bin with --bin."),
    "truncated": (
        BIN[:-2],
        (
            "net.bin: #1 'conv' (Convolution), bias of 1: wants 4 bytes (1 x fp32) at offset 8, found 2. "
            "The file was cut short, belongs to another .param, or a layer's type or parameters were changed."
        ),
    ),
    "oversized": (
        BIN + b"\0\0\0\0",
        (
            "net.bin: the file has 16 bytes and the layers of the .param use 12: 4 are left over. "
            "This .bin belongs to another .param, or a layer's type or parameters were changed."
        ),
    ),
    "NaN": (
        BIN[:4] + floats(float("nan")) + BIN[8:],
        (
            "net.bin: #1 'conv' (Convolution), weight of 1x1x1x1: element 0 is nan. "
            "Expected finite numbers; export the model again."
        ),
    ),
}

TEXT_AS_IMAGE = "this is no image that pillow can read. Expected .npy, .npz or an image."
NUMBERS = "Expected numbers saved with numpy.save or numpy.savez."

INPUT_FILES: Mapping[str, tuple[str, bytes | None, str]] = {
    "missing": ("data.npy", None, "data.npy: cannot read the input: No such file or directory."),
    "wrong shape": (
        "data.npy",
        npy(np.ones((3, 2, 2))),
        (
            "data.npy: blob 'data' is (3, 2, 2) here. The network declares (1, 2, 2); "
            "several samples go in front: (n, 1, 2, 2)."
        ),
    ),
    "wrong rank": (
        "data.npy",
        npy(np.ones(4)),
        (
            "data.npy: blob 'data' is (4) here. The network declares (1, 2, 2); "
            "several samples go in front: (n, 1, 2, 2)."
        ),
    ),
    "not finite": (
        "data.npy",
        npy(np.full((1, 2, 2), np.inf)),
        "data.npy: the array holds inf. Expected finite numbers that fit fp32.",
    ),
    "text": ("data.npy", npy(np.array(["a"])), "data.npy: the array holds <U1. Expected numbers."),
    "pickled": (
        "data.npy",
        npy(np.array([{}]), pickled=True),
        f"data.npy: cannot read the array: it holds pickled Python objects, which can run code. {NUMBERS}",
    ),
    "plain pickle": (
        "data.npy",
        b"\x80\x04K\x01.",
        f"data.npy: cannot read the array: it holds pickled Python objects, which can run code. {NUMBERS}",
    ),
    "pickled in an archive": (
        "data.npz",
        npz(data=np.array([{}], dtype=object)),
        f"data.npz: cannot read the array: it holds pickled Python objects, which can run code. {NUMBERS}",
    ),
    "archive without the blob": (
        "data.npz",
        npz(image=np.ones((1, 2, 2)), labels=np.ones(1)),
        "data.npz: the archive has no array 'data'. It has: image, labels. Save the samples under the blob's name.",
    ),
    "empty image": ("data.png", b"", f"data.png: {TEXT_AS_IMAGE}"),
    "text as image": ("data.jpg", b"not an image\n", f"data.jpg: {TEXT_AS_IMAGE}"),
    "other suffix": ("data.txt", b"1 2 3\n", f"data.txt: {TEXT_AS_IMAGE}"),
}

OPTIONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "wrong blob": (("-i", "dta=data.npy"), "there is no input blob 'dta'. Expected -i BLOB=FILE. Did you mean 'data'?"),
    "unlike any blob": (
        ("-i", "xyz=data.npy"),
        "there is no input blob 'xyz'. Expected -i BLOB=FILE. Input blobs are: data.",
    ),
    "write and output": (
        ("--write", "-o", "new.param"),
        "--write changes MODEL and -o leaves it. Give one of the two.",
    ),
    "shape without a blob": (
        ("--shape", "1,2,2"),
        "--shape '1,2,2' is not a shape. Expected BLOB=C,H,W with 1 to 4 extents, e.g. data=3,224,224.",
    ),
    "shape of nothing": (
        ("--shape", "data=0,2,2"),
        "--shape 'data=0,2,2' is not a shape. Expected BLOB=C,H,W with 1 to 4 extents, e.g. data=3,224,224.",
    ),
    "shape of no blob": (
        ("--shape", "dta=1,2,2"),
        "there is no input blob 'dta' to give a shape. Did you mean 'data'?",
    ),
    "shape that does not fit": (
        ("--shape", "data=2,2,2"),
        (
            "net.param:4: #1 'conv' (Convolution): the input has 2 channels. Its weight is for 1. The network was fed (2, 2, 2) in "
            "'data' (made up)."
        ),
    ),
    "shape beyond memory": (
        ("--shape", "data=999999,999999,999999"),
        "not enough memory. Give fewer samples, or a smaller input with --shape.",
    ),
    "mean": (("--mean", "1,x"), "--mean '1,x' is not a list of numbers. Expected e.g. 104,117,123."),
    "mean that is NaN": (("--mean", "nan"), "--mean 'nan' is not a list of numbers. Expected e.g. 104,117,123."),
    "norm": (("--norm", "1,"), "--norm '1,' is not a list of numbers. Expected e.g. 104,117,123."),
    "resize": (("--resize", "2"), "--resize '2' is not a size. Expected WIDTHxHEIGHT, e.g. 227x227."),
    "resize to nothing": (("--resize", "0x2"), "--resize '0x2' is not a size. Expected WIDTHxHEIGHT, e.g. 227x227."),
    "mean without an image": (
        ("--mean", "104,117,123"),
        "--mean applies to images only, and no -i file is one: arrays are taken as they are. Give an image, or leave it out.",
    ),
    "recipe without an image": (
        ("--norm", "2", "--pixel", "gray", "--resize", "2x2"),
        (
            "--norm, --pixel, --resize apply to images only, and no -i file is one: arrays are taken as they are. "
            "Give an image, or leave them out."
        ),
    ),
    "backup without write": (
        ("-o", "new.param", "--backup"),
        "--backup keeps what --write replaces, and there is no --write. Give both, or neither.",
    ),
    "force without output": (
        ("--force",),
        "--force lets -o replace a file, and there is no -o. Give both, or neither.",
    ),
    "cosine that is NaN": (
        ("--target-cos", "nan"),
        "--target-cos 'nan' is not a number. Expected e.g. --target-cos 0.999 or --target-sqnr 40.",
    ),
    "cosine above 1": (("--target-cos", "99.9"), "--target-cos 99.9 is more than a cosine can be. Expected at most 1."),
    "json in no folder": (
        ("--json", "gone/report.json"),
        "gone/report.json: this is a folder, or in a folder that is not there. Give a file name.",
    ),
}


@pytest.fixture
def net(folder: Path) -> Path:
    """The current folder, with a whole small model and a sample for it."""
    (folder / "net.param").write_bytes(PARAM)
    (folder / "net.bin").write_bytes(BIN)
    (folder / "data.npy").write_bytes(ONES)
    return folder


def replace(path: Path, content: bytes | None) -> None:
    """Gives a file another content, or removes it."""
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)


def check_refused(run: Runner, folder: Path, message: str, *arguments: str) -> None:
    """The command prints exactly this message, exits with 2, and leaves every file as it was."""
    before = state(folder)
    assert (2, "", f"maskctl: {message}\n") == run(*arguments)
    assert before == state(folder)


UNSET = "Is a variable of the shell not set?"


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *(
            ("analyze", option)
            for option in ("-o", "--bin", "--timings", "--dask", "--json", "--html", "--check", "--norm")
        ),
        *(("prove", option) for option in ("--json", "--witness", "--range")),
        *(("reduce", option) for option in ("--layer", "--blob", "-o")),
        *(("run", option) for option in ("--blob", "-o", "--weights")),
    ],
)
def test_empty_value(run: Runner, net: Path, command: str, option: str) -> None:
    """An option given as "" is refused, and not taken for one that was not given."""
    message = f"{option} is empty. Give a value, or leave the option out. {UNSET}"
    check_refused(run, net, message, command, "net.param", option, "")


@pytest.mark.parametrize(
    ("command", "option", "text", "expected"),
    [
        ("analyze", "-i", "data=", "BLOB=FILE"),
        ("prove", "--range", "data=", "BLOB=LO:HI"),
        ("run", "--shape", "data=", "BLOB=C,H,W"),
    ],
)
def test_nothing_behind_the_equals_sign(
    run: Runner, net: Path, command: str, option: str, text: str, expected: str
) -> None:
    """The name of a blob with nothing behind it is refused with what belongs there."""
    message = f"{option} '{text}' ends at its equals sign. Expected {expected}. {UNSET}"
    check_refused(run, net, message, command, "net.param", option, text)


@pytest.mark.parametrize("case", PARAM_FILES)
def test_param(run: Runner, net: Path, case: str) -> None:
    """A `.param` that cannot be what the engine takes is refused by analyze with the place and what is expected there."""
    content, message = PARAM_FILES[case]
    replace(net / "net.param", content)
    check_refused(run, net, message, "analyze", "net.param", "-i", "data.npy", "--write", "--backup")


@pytest.mark.parametrize("case", [case for case in PARAM_FILES if not case.startswith(("blob", "too "))])
def test_param_for_other_commands(run: Runner, net: Path, case: str) -> None:
    """A `.param` whose text cannot be read is refused by show and set-mask in the same words."""
    content, message = PARAM_FILES[case]
    replace(net / "net.param", content)
    check_refused(run, net, message, "show", "net.param")
    check_refused(run, net, message, "set-mask", "conv", "1", "-m", "net.param")


@pytest.mark.parametrize("case", BIN_FILES)
def test_bin(run: Runner, net: Path, case: str) -> None:
    """A `.bin` that does not fit the `.param` is refused with layer, offset, bytes wanted and found."""
    content, message = BIN_FILES[case]
    replace(net / "net.bin", content)
    check_refused(run, net, message, "analyze", "net.param", "-i", "data.npy", "--write", "--backup")


@pytest.mark.parametrize("case", INPUT_FILES)
def test_input(run: Runner, net: Path, case: str) -> None:
    """Samples that cannot be read, or do not fit the network, are refused with the file's name."""
    name, content, message = INPUT_FILES[case]
    replace(net / name, content)
    check_refused(run, net, message, "analyze", "net.param", "-i", f"data={name}", "--write", "--backup")


@pytest.mark.parametrize("case", OPTIONS)
def test_options(run: Runner, net: Path, case: str) -> None:
    """Options that cannot be meant are refused with their value and an example."""
    arguments, message = OPTIONS[case]
    check_refused(run, net, message, "analyze", "net.param", *arguments)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("--seed", "-1"), "--seed"),
        (("--top", "-1"), "--top"),
        (("--precision", "fp8"), "'fp16', 'fp16-storage', 'bf16'"),
        (("--pixel", "grey"), "'gray'"),
        (("--target-cosine", "1"), "--target-cos"),
        ((), ""),
    ],
)
def test_option_values(run: Runner, net: Path, arguments: tuple[str, ...], hint: str) -> None:
    """Values outside an option's range end in exit code 2 and name the option or its values."""
    before = state(net)
    result = run("analyze", *(("net.param", *arguments) if arguments else ()))
    assert (2, "") == (result.code, result.out)
    assert hint in result.err
    assert "Traceback" not in result.err
    assert before == state(net)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-i", "a=data.npy"), "no input given for blob 'b'. Give -i b=FILE for each of: a, b."),
        (
            ("-i", "data.npy"),
            "'data.npy' does not say which blob it is for. Expected -i BLOB=FILE. Input blobs are: a, b.",
        ),
        (
            ("-i", "a=data.npy", "-i", "b=data.npy", "-i", "b=data.npy"),
            "the inputs have different numbers of samples, or none: 'a' 1, 'b' 2. Give as many for each blob.",
        ),
        ((), "input blob 'b' has no shape in the file. Give samples with -i, or --shape b=C,H,W."),
    ],
)
def test_two_inputs(run: Runner, net: Path, arguments: tuple[str, ...], message: str) -> None:
    """Each input blob needs as many samples as the others, and a shape from somewhere."""
    layers = ("Input a 0 1 a 0=2 1=2 2=1", "Input b 0 1 b", "Concat cat 2 1 a b cat")
    (net / "net.param").write_bytes(param_text(*layers))
    (net / "net.bin").write_bytes(b"")
    check_refused(run, net, message, "analyze", "net.param", *arguments)


def test_folder_without_samples(run: Runner, net: Path) -> None:
    """A folder that holds nothing to read is refused."""
    (net / "images").mkdir()
    message = "images: the folder holds no .npy, .npz or image file."
    check_refused(run, net, message, "analyze", "net.param", "-i", "images")


def test_unknown_types_are_cut_off(run: Runner, net: Path) -> None:
    """Layers of unknown types are named on stderr with what is left; what does not need them is analyzed."""
    layers = (INPUT, CONVOLUTION, "Alpha a 1 1 conv a", "Beta b 1 1 a b", "Alpha c 1 1 b c")
    (net / "net.param").write_bytes(param_text(*layers))
    result = run("analyze", "net.param", "--json", "-")
    assert 0 == result.code
    assert result.err.startswith(
        "maskctl: warning: net.param: 3 of 5 layers cannot be run:\n"
        "  #2 'a' (Alpha): unknown type\n  #3 'b' (Beta): unknown type\n  #4 'c' (Alpha): unknown type\n"
        "Layer types of an application's own are added with --plugin FILE.py.\n"
        "What is left ends in 'conv'.\n"
    )
    found = json.loads(result.out)
    assert [2, 3, 4] == [layer["index"] for layer in found["cut"]]
    assert ["conv"] == [output["blob"] for output in found["outputs"]]


def test_inputs_of_cut_layers_are_not_asked_for(run: Runner, net: Path) -> None:
    """An input that only a layer of an unknown type reads needs neither samples nor a shape."""
    layers = (INPUT, "Input flow 0 1 flow", CONVOLUTION, "Alpha a 2 1 conv flow a")
    (net / "net.param").write_bytes(param_text(*layers))
    result = run("analyze", "net.param", "--json", "-")
    assert 0 == result.code
    assert ["conv"] == [output["blob"] for output in json.loads(result.out)["outputs"]]


def test_nothing_left_to_run(run: Runner, net: Path) -> None:
    """Where every layer is of an unknown type, nothing is done."""
    (net / "net.param").write_bytes(param_text(INPUT, "Alpha a 1 1 data a"))
    message = (
        "net.param: nothing is left to run. 1 of 2 layers cannot be run:\n  #1 'a' (Alpha): unknown type\n"
        "Layer types of an application's own are added with --plugin FILE.py."
    )
    check_refused(run, net, message, "analyze", "net.param", "--write")


@pytest.mark.parametrize("target", [("--write",), ("-o", "read_only.param", "--force")])
def test_read_only(run: Runner, net: Path, target: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only target is refused before the model is even run."""
    (net / "read_only.param").write_bytes(b"mine")
    (net / "read_only.param").chmod(0o444)
    (net / "net.param").chmod(0o444)
    monkeypatch.setattr("maskctl.executor.layer.kernel_of", None)
    name = "net.param" if target == ("--write",) else target[1]
    message = f"{name}: the file is read-only. Make it writable, or write elsewhere with -o."
    check_refused(run, net, message, "analyze", "net.param", "-i", "data.npy", *target)


@pytest.mark.parametrize(
    ("arguments", "option", "name"),
    [
        (("analyze",), "--json", "read_only"),
        (("analyze",), "--html", "read_only"),
        (("prove", "--range", "0:1"), "--json", "read_only"),
        (("prove", "--range", "0:1", "--force"), "--witness", "read_only.npz"),
        (("run", "--weights", "random:1", "--force"), "--save-weights", "read_only"),
    ],
)
def test_read_only_names_the_option(run: Runner, net: Path, arguments: tuple[str, ...], option: str, name: str) -> None:
    """A read-only target is refused with the option that names another one."""
    (net / name).write_bytes(b"mine")
    (net / name).chmod(0o444)
    message = f"{name}: the file is read-only. Make it writable, or write elsewhere with {option}."
    check_refused(run, net, message, arguments[0], "net.param", *arguments[1:], option, name)


def _disk_full(_: int) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "digits_overflow.param", "-i", "digits_test.npz", "--write", "--backup"),
        ("analyze", "digits_overflow.param", "-i", "digits_test.npz", "-o", "new.param"),
        ("set-mask", "conv1", "1", "--backup"),
    ],
)
def test_disk_full(run: Runner, digits: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    """When the disk is full at the write, the original stays whole and nothing is left behind."""
    before = state(digits)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _disk_full)
        result = run(*arguments)
    path = "new.param" if "-o" in arguments else "digits_overflow.param"
    expected = f"maskctl: {path}: cannot write: No space left on device. The file is as it was.\n"
    assert (2, expected) == (result.code, result.err)
    assert before == state(digits)


def test_json_on_a_full_disk(run: Runner, net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full at the JSON, an older report stays whole."""
    (net / "report.json").write_text("old")
    before = state(net)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _disk_full)
        result = run("analyze", "net.param", "-i", "data.npy", "--json", "report.json")
    assert (2, "maskctl: report.json: cannot write: No space left on device.\n") == (result.code, result.err)
    assert before == state(net)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four pages; skips where none can be mounted."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(folder)],  # noqa: S607 - wherever mount is
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - wherever umount is


@pytest.mark.parametrize("backup", [(), ("--backup",)])
def test_disk_really_full(tiny_disk: Path, backup: tuple[str, ...]) -> None:
    """On a file system with no room for a second copy, the original stays whole and nothing is left behind."""
    (tiny_disk / "net.param").write_bytes(PARAM.replace(b"conv 0=1", b"conv" + b" " * 9000 + b"0=1"))
    before = state(tiny_disk)
    result = spawn("set-mask", "conv", "1", *backup, folder=tiny_disk)
    assert (2, "maskctl: net.param: cannot write: No space left on device. The file is as it was.\n") == (
        result.code,
        result.err,
    )
    assert before == state(tiny_disk)


@pytest.mark.parametrize("arguments", [("show", "net.param"), ("set-mask", "conv", "1"), ("--help",)])
def test_output_into_a_full_disk(net: Path, arguments: tuple[str, ...]) -> None:
    """A full disk under stdout is no bug of maskctl: one line says so, and nothing is written elsewhere."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    before = state(net)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            program(*arguments), cwd=net, env=environment(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (2, b"maskctl: cannot write: No space left on device.\n") == (done.returncode, done.stderr)
    assert before == state(net)


@pytest.mark.parametrize(
    "arguments", [("show", "net.param"), ("analyze", "net.param"), ("set-mask", "conv", "1", "--dry-run")]
)
def test_broken_pipe(net: Path, arguments: tuple[str, ...]) -> None:
    """When nobody reads stdout any more, as in `show | head -1`, the command ends as one killed by SIGPIPE, in silence."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        program(*arguments), cwd=net, env=environment(), stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (141, b"") == (done.returncode, done.stderr)


def test_reader_gone_amid_a_document(digits: Path) -> None:
    """A reader that leaves in the middle of `--json -` is told of by 141 too, where Python does not buffer stdout."""
    reader, writer = socket.socketpair()
    writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least there is: the document does not fit
    running = subprocess.Popen(
        program("analyze", "digits_overflow.param", "--json", "-"),
        cwd=digits,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=writer.fileno(),
        stderr=subprocess.PIPE,
    )
    writer.close()
    assert b"{" == reader.recv(1)
    reader.close()
    assert (b"", 141) == (running.communicate(timeout=60)[1], running.returncode)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C has its usual meaning here and in child processes, also when the tests were started with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes to wait on")
def test_interrupt_while_reading(digits: Path) -> None:
    """Ctrl-C while analyze waits for its input ends it with 130, and nothing is written."""
    (digits / "digits_test.npz").unlink()
    before = state(digits)
    os.mkfifo(digits / "slow.npy")
    running = subprocess.Popen(
        program("analyze", "digits_overflow.param", "-i", "slow.npy", "--write", "--backup"),
        cwd=digits,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with (digits / "slow.npy").open("wb"):  # opens when the other side does, so it reads from here on
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    (digits / "slow.npy").unlink()
    assert (130, b"", b"maskctl: interrupted; nothing was written.") == (running.returncode, out, err.strip())
    assert before == state(digits)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_while_computing(run: Runner, digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of a layer ends analyze with 130, says what is known, and nothing is written."""
    before, real = state(digits), kernel_of

    def interrupted(*arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("maskctl.executor.layer.kernel_of", interrupted)
        result = run("analyze", "digits_overflow.param", "-i", "digits_test.npz", "--write", "--backup")
    said = "maskctl: interrupted; nothing was written."
    known = "Partial: No layer was measured over all samples before the interrupt, and nothing is proposed.\n"
    assert (130, known, said) == (result.code, result.out, result.err.strip())
    assert before == state(digits)


def test_bug(run: Runner, net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception nobody foresaw is exit code 3, with its traceback and where to go with it."""
    before = state(net)

    def broken(*_: Any) -> NoReturn:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr("maskctl.graph.select.select_layers", broken)
    result = run("set-mask", "conv", "1")
    assert (3, "") == (result.code, result.out)
    assert result.err.startswith("Traceback (most recent call last):\n")
    assert result.err.endswith(
        "ZeroDivisionError: surprise\n"
        "maskctl: this is a bug in maskctl. Please report it with the lines above and, if you can, the .param file.\n"
    )
    assert before == state(net)


def test_new_files_get_the_usual_mode(run: Runner, net: Path) -> None:
    """A file made by -o has the mode any new file has, not that of a temporary one."""
    mask = os.umask(0o027)
    try:
        assert 0 == run("set-mask", "conv", "1", "-o", "new.param").code
    finally:
        os.umask(mask)
    assert 0o640 == stat.S_IMODE((net / "new.param").stat().st_mode)


@pytest.mark.parametrize(
    "command", [("analyze",), ("run",), ("explain", "add"), ("verify", "--engine", "host"), ("reduce", "-o", "small")]
)
def test_an_image_of_a_size_that_the_network_does_not_take(folder: Path, run: Runner, command: tuple[str, ...]) -> None:
    """Whoever reads images names the size that was fed and a --resize, and with that the same command goes on."""
    image = pytest.importorskip("PIL.Image", reason="pillow is not installed")
    if command[0] == "verify":
        pytest.importorskip("ncnn", reason="ncnn is not installed")
    (folder / "net.param").write_bytes(param_text(*HALVED))
    (folder / "net.bin").write_bytes(b"")
    image.fromarray(np.arange(41 * 67, dtype=np.uint8).reshape(41, 67)).save(folder / "gray.png")
    arguments = (command[0], "net.param", *command[1:], "-i", "gray.png", "--pixel", "gray")
    result = run(*arguments)
    assert (2, "") == (result.code, result.out)
    assert result.err.startswith(
        "maskctl: net.param:7: #4 'add' (BinaryOp): blobs of shapes (1, 40, 66) and (1, 41, 67)"
    )
    assert result.err.endswith(
        " The network was fed (1, 41, 67) in 'data' (from gray.png, 67x41). Give --resize WxH, e.g. --resize 64x40, which "
        "fits.\n"
    )
    assert run(*arguments, "--resize", "64x40").code in {0, 1}
