"""`maskctl run`: blobs on the terminal and in files, made-up weights, plugins, and layers that are cut off."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from maskctl.executor import samples as samples_room
from maskctl.executor.trace import load_blobs
from maskctl.graph.model import load
from maskctl.report.blobs import SCHEMA
from tests.builders import param_text
from tests.cli.driver import SAMPLES, Runner, check_golden, environment, program, spawn, state
from tests.report.schemas import complaints, schema

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


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_json(run: Runner, precision: str) -> None:
    """The JSON is as its schema says, in its order, where blobs hold NaN too."""
    result = run(
        "run", "digits_overflow.param", "-i", "image=digits_test.npz", "--precision", precision, "--all-blobs", "--json"
    )
    found = json.loads(result.out)
    assert (0, []) == (result.code, complaints("run", found))
    assert list(schema("run")["properties"]) == list(found)
    assert SCHEMA == schema("run")["properties"]["schema"]["const"] == found["schema"]
    assert (precision != "fp32") == any(blob["not_finite"] for blob in found["blobs"].values())


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
    expected = (
        "maskctl: the samples have different shapes, and so has blob 'prob': (1, 2, 2) and (1, 3, 2). Give all samples one "
        "shape (images: --resize WxH), or run them one by one.\n"
    )
    assert (2, "", expected) == tuple(result)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("-o", "digits_overflow.param"), "digits_overflow.param"),
        (("-o", "./digits_overflow.bin"), "./digits_overflow.bin"),
        (("--weights", "random:1", "--save-weights", "digits_overflow.param"), "digits_overflow.param"),
    ],
)
def test_what_is_read_is_not_replaced(digits: Path, run: Runner, arguments: tuple[str, ...], name: str) -> None:
    """Neither the model nor its weights are replaced by blobs, not even with --force."""
    before = state(digits)
    for force in ((), ("--force",)):
        result = run("run", "digits_overflow.param", *arguments, *force)
        message = f"maskctl: '{name}' is read by this run, and would be replaced. Give another name.\n"
        assert (2, "", message) == tuple(result)
    assert before == state(digits)


@pytest.mark.usefixtures("digits")
def test_two_files_of_one_name(run: Runner) -> None:
    """Blobs and weights cannot go into one file."""
    result = run("run", "digits_overflow.param", "--weights", "random:1", "-o", "x", "--save-weights", "./x")
    assert (2, "", "maskctl: -o and --save-weights both write 'x'. Give two names.\n") == tuple(result)
    assert not Path("x").exists()


def test_into_a_pipe(digits: Path) -> None:
    """Blobs go into stdout, where the table makes room for them, and into devices."""
    arguments = program("run", "digits_overflow.param", "-o", "/dev/stdout")
    done = subprocess.run(arguments, cwd=digits, env=environment(), capture_output=True, check=True)
    (digits / "piped.npz").write_bytes(done.stdout)
    assert (1, 10) == load_blobs(digits / "piped.npz")["prob"].shape
    assert done.stderr.endswith(b"Wrote 1 blob to /dev/stdout.\n")
    null = spawn("run", "digits_overflow.param", "-o", "/dev/null", folder=digits)
    assert (0, "") == (null.code, null.err)
    assert null.out.endswith("Wrote 1 blob to /dev/null.\n")


def test_interrupted_between_two_files(digits: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interruption while the weights are written does not claim that nothing was: the blobs are there, whole."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("maskctl.graph.weights.write_random_to", interrupted)
    result = run("run", "digits_overflow.param", "--weights", "random:1", "-o", "x.npz", "--save-weights", "x.bin")
    assert (130, "\nmaskctl: interrupted; x.npz was written, x.bin was not.\n") == (result.code, result.err)
    assert (["prob"], False) == (list(load_blobs(digits / "x.npz")), (digits / "x.bin").exists())
    alone = run("run", "digits_overflow.param", "--weights", "random:1", "--save-weights", "x.bin")
    assert (130, "\nmaskctl: interrupted; nothing was written.\n") == (alone.code, alone.err)


def test_only_what_is_needed(folder: Path, run: Runner) -> None:
    """An input that the asked blobs do not depend on needs no file and no shape; all that are missing are named at once."""
    names = [f"cache{number}" for number in range(12)]
    lines = ["Input data 0 1 data 0=3", f"Input caches 0 12 {' '.join(names)}"]
    lines += ["Sigmoid s 1 1 data a", f"Concat c 12 1 {' '.join(names)} b"]
    (folder / "net.param").write_bytes(param_text(*lines))
    (folder / "net.bin").write_bytes(b"")
    assert 0 == run("run", "net.param", "--blob", "a").code
    np.save(folder / "x.npy", np.zeros(3, np.float32))
    assert 0 == run("run", "net.param", "--blob", "a", "-i", "data=x.npy").code
    listed = ", ".join(f"'{name}'" for name in names[:8])
    missing = (
        f"maskctl: input blobs {listed} and 4 more have no shape in the file. Give samples with -i, or --shape cache0=C,H,W "
        "for each; a glob names several, as in --shape 'cache_*=2,16,64'.\n"
    )
    assert (2, "", missing) == tuple(run("run", "net.param"))
    found = json.loads(run("run", "net.param", "--shape", "cache*=2", "--shape", "cache3=5", "--json").out)["blobs"]
    assert {"a": [1, 3], "b": [1, 27]} == {name: blob["shape"] for name, blob in found.items()}


def test_blobs_without_inputs(folder: Path, run: Runner) -> None:
    """A blob that depends on no input is computed once."""
    (folder / "net.param").write_bytes(param_text("MemoryData m 0 1 m 0=3", "Sigmoid s 1 1 m out"))
    result = run("run", "net.param", "--weights", "random:1", "--json")
    assert (0, [1, 3]) == (result.code, json.loads(result.out)["blobs"]["out"]["shape"])


def test_empty_blobs(folder: Path, run: Runner) -> None:
    """An empty input, such as a cache before the first pass, and blobs of no rows have no figures."""
    (folder / "net.param").write_bytes(param_text("Input data 0 1 data", "Sigmoid s 1 1 data out"))
    (folder / "net.bin").write_bytes(b"")
    np.save(folder / "x.npy", np.zeros((0, 6), np.float32))
    for arguments, shape in ((("-i", "x.npy"), "0x6"), (("--shape", "data=0"), "0")):
        result = run("run", "net.param", *arguments)
        assert (0, ["out", shape]) == (result.code, result.out.splitlines()[-1].split())


def test_different_numbers_of_boxes(folder: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples that find different numbers of boxes in different portions are filled up with NaN, as within one."""
    words = "0=2 1=1 2=0.4 3=0.45 4=0.5 -23304=2,1.0,1.0"
    (folder / "net.param").write_bytes(
        param_text("Input data 0 1 data 0=3 1=3 2=7", f"YoloDetectionOutput y 1 1 data out {words}")
    )
    (folder / "net.bin").write_bytes(b"")
    samples = np.full((3, 7, 3, 3), -9, np.float32)
    samples[0, 4:, 1, 1], samples[2, 4:, :, :] = 9, 9
    np.save(folder / "x.npy", samples)
    arguments = ("run", "net.param", "-i", "x.npy", "-o")
    together = run(*arguments, "a.npz")
    monkeypatch.setattr(samples_room, "_PORTION_ELEMENTS", 1)
    alone = run(*arguments, "b.npz")
    assert (0, 0) == (together.code, alone.code)
    blobs = load_blobs(folder / "a.npz")["out"], load_blobs(folder / "b.npz")["out"]
    assert np.array_equal(*blobs, equal_nan=True)
    assert len({int(np.isfinite(sample).sum()) for sample in blobs[0]}) > 1


def test_a_plugin_that_prints(warp: Path, run: Runner) -> None:
    """What a plugin prints does not end up in the JSON."""
    text = PLUGIN.replace("rife.Warp", "rife.Loud").replace("(inputs[0] * 2,)", "(print('in') or inputs[0],)")
    (warp / "loud.py").write_text(f"print('hello')\n{text}", encoding="utf-8")
    (warp / "net.param").write_bytes(WARP.replace(b"rife.Warp ", b"rife.Loud "))
    result = run("run", "net.param", "--plugin", "loud.py", "--json")
    assert (0, "hello\nin\n") == (result.code, result.err)
    assert 1 == json.loads(result.out)["samples"]


def test_made_up_weights_are_told(digits: Path, run: Runner) -> None:
    """The head of the table says that the weights are made up."""
    result = run("run", str(digits / "digits_overflow.param"), "--weights", "random:3")
    assert result.out.splitlines()[0].endswith("fp32, made-up weights random:3, synthetic input, seed 0")


def test_numbers_are_never_cut(digits: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal too narrow for the numbers the table is wider: part of a number would be another number."""
    arguments = ("run", str(digits / "digits_overflow.param"), "--blob", "conv1")
    wide = run(*arguments).out.splitlines()[-1].split()
    monkeypatch.setenv("COLUMNS", "20")
    narrow = run(*arguments).out.split()
    assert set(wide[2:4] + wide[-2:]) <= set(narrow)


def test_sample_models_are_there() -> None:
    """The sample model of these tests is the project's own."""
    assert (SAMPLES / "digits_overflow.param").exists()
