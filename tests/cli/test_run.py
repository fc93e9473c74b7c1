"""`maskctl run`: blobs on the terminal and in files, made-up weights, plugins, and layers that are cut off."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maskctl.executor.trace import load_blobs
from maskctl.graph.model import load
from tests.builders import param_text
from tests.cli.driver import SAMPLES, Runner, check_golden, state

WARP = param_text(
    "Input data 0 1 data 0=4 1=3 2=2",
    "Split split 1 2 data a b",
    "Softmax safe 1 1 a safe",
    "rife.Warp warp 1 1 b warped",
    "Softmax behind 1 1 warped behind",
)
PLUGIN = '''"""A layer type of an application's own."""

from maskctl.layers import LayerType

LAYER = LayerType("rife.Warp", range(1, 2), lambda params, weights, inputs: (inputs[0] * 2,))
'''


@pytest.fixture
def warp(folder: Path) -> Path:
    """A network with a layer type of an application's own, and an empty `.bin`."""
    (folder / "net.param").write_bytes(WARP)
    (folder / "net.bin").write_bytes(b"")
    return folder


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("run_digits", ("digits_overflow.param", "-i", "image=digits_test.npz")),
        ("run_digits_blobs", ("digits_overflow.param", "--blob", "conv3", "--blob", "prob", "--precision", "fp16")),
        ("run_digits_typo", ("digits_overflow.param", "--blob", "conv33")),
    ],
)
def test_summary(run: Runner, name: str, arguments: tuple[str, ...]) -> None:
    """The outputs, or the blobs asked for, with their range, mean and what is not finite."""
    check_golden(name, ("run", *arguments), run("run", *arguments))


def test_blobs_in_a_file(digits: Path, run: Runner) -> None:
    """With -o every blob asked for is written, samples in front, as computed."""
    result = run("run", "digits_overflow.param", "-i", "digits_test.npz", "--all-blobs", "-o", "all.npz")
    assert (0, "") == (result.code, result.err)
    assert result.out.endswith("Wrote 9 blobs to all.npz.\n")
    blobs = load_blobs(digits / "all.npz")
    assert (500, 10) == blobs["prob"].shape
    assert np.allclose(blobs["prob"].sum(axis=1), 1)


def test_made_up_weights(digits: Path, run: Runner) -> None:
    """Made-up weights need no `.bin`, are the same for the same seed, and come back from the `.bin` they are saved to."""
    arguments = ("run", "digits_overflow.param", "--json")
    first = run(*arguments, "--weights", "random:7", "--save-weights", "made.bin")
    again = run(*arguments, "--weights", "random:7")
    other = run(*arguments, "--weights", "random:8")
    read = run(*arguments, "--bin", "made.bin")
    assert [0, 0, 0, 0] == [result.code for result in (first, again, other, read)]
    assert first.out == again.out == read.out != other.out
    assert "\nWrote made-up weights (seed 7) to made.bin.\n" == first.err
    assert load(digits / "digits_overflow.param").weights.bytes_on_disk == tuple(
        load(digits / "digits_overflow.param", digits / "made.bin").weights.bytes_on_disk
    )


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--weights", "7"), "--weights '7' is not random:SEED. For weights in a file give --bin FILE."),
        (("--weights", "random:x"), "'random:x' has no seed. Expected random:SEED with a whole number, e.g. random:1."),
        (
            ("--weights", "random:1", "--bin", "x"),
            "--bin names weights and --weights makes them up. Give one of the two.",
        ),
        (
            ("--save-weights", "x.bin"),
            "--save-weights writes made-up weights, and there are none. Give --weights random:SEED too.",
        ),
        (("--blob", "prob", "--all-blobs"), "--all-blobs is every blob and --blob names some. Give one of the two."),
        (("--force",), "--force lets -o or --save-weights replace a file, and there is neither."),
        (("-o", "digits_test.npz"), "digits_test.npz: the file exists. Give another name, or --force to replace it."),
        (("--plugin", "no.py"), "no.py: the plugin does not exist. Expected a .py file that defines LAYER."),
        (
            ("--mean", "1"),
            "--mean applies to images only, and no -i file is one: arrays are taken as they are. Give an image, or leave it out.",
        ),
    ],
)
def test_refused(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    """Options that contradict each other or name nothing are refused, and nothing is written."""
    before = state(Path())
    result = run("run", "digits_overflow.param", *arguments)
    assert (2, "", f"maskctl: {message}\n") == tuple(result)
    assert before == state(Path())


@pytest.mark.usefixtures("warp")
def test_cut_off(run: Runner) -> None:
    """Without the plugin the rest of the network runs, and stderr names what was cut off."""
    check_golden("run_cut_off", ("run", "net.param"), run("run", "net.param"))
    missing = run("run", "net.param", "--blob", "behind")
    assert (2, "maskctl: --blob 'behind' is the top of a layer that cannot be run.") == (
        missing.code,
        missing.err.splitlines()[-1],
    )


def test_plugin(warp: Path, run: Runner) -> None:
    """With the plugin the whole network runs; the type's tops are what the plugin computes."""
    (warp / "warp.py").write_text(PLUGIN.replace("rife.Warp", "rife.Warp2"), encoding="utf-8")
    (warp / "net.param").write_bytes(WARP.replace(b"rife.Warp ", b"rife.Warp2 "))
    result = run("run", "net.param", "--plugin", "warp.py", "--blob", "b", "--blob", "warped", "-o", "out.npz")
    assert (0, "") == (result.code, result.err)
    blobs = load_blobs(warp / "out.npz")
    assert np.array_equal(blobs["b"] * 2, blobs["warped"])
    shown = json.loads(run("show", "net.param", "--plugin", "warp.py", "--json").out)
    assert [[2, 3, 4]] == shown["layers"][3]["shapes"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x = 1",
            "the plugin defines no layer type: LAYER is None. Expected LAYER = LayerType(…), or LAYERS = [LayerType(…), …].",
        ),
        ("\n1 / 0", "the plugin fails at line 2: ZeroDivisionError: division by zero. Mend the file."),
        ("a b", "the plugin fails at line 1: SyntaxError: invalid syntax (bad.py, line 1). Mend the file."),
        (
            PLUGIN.replace("rife.Warp", "Softmax"),
            "there is a layer type 'Softmax' already. Give the plugin's type a name of its own.",
        ),
    ],
)
def test_bad_plugins(warp: Path, run: Runner, text: str, message: str) -> None:
    """A plugin that fails, defines nothing, or takes a name that exists is refused with the line."""
    (warp / "bad.py").write_text(text, encoding="utf-8")
    result = run("run", "net.param", "--plugin", "bad.py")
    assert (2, "") == (result.code, result.out)
    assert result.err.endswith(f"{message}\n")


def test_sizes_that_differ(digits: Path, run: Runner) -> None:
    """Samples of different shapes have no common array; they are refused rather than cut."""
    np.savez(digits / "mixed.npz", image=np.zeros((1, 8, 8), np.float32))
    (digits / "net.param").write_bytes(param_text("Input data 0 1 data", "Softmax s 1 1 data prob"))
    (digits / "net.bin").write_bytes(b"")
    np.save(digits / "a.npy", np.zeros((1, 2, 2), np.float32))
    np.save(digits / "b.npy", np.zeros((1, 3, 2), np.float32))
    result = run("run", "net.param", "-i", "a.npy", "-i", "b.npy")
    expected = "maskctl: the samples have different shapes, and so have their blobs. Run them one by one.\n"
    assert (2, "", expected) == tuple(result)


def test_sample_models_are_there() -> None:
    """The sample model of these tests is the project's own."""
    assert (SAMPLES / "digits_overflow.param").exists()
