"""`maskctl reduce`: what it writes and says, and what it refuses."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from maskctl.cli import reduce as module
from maskctl.peers.engines import ARM64_PYTHON
from tests.builders import param_text
from tests.cli.driver import Runner, check_golden, state

NEEDS_NCNN = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
DIGITS = ("reduce", "digits_overflow.param", "-i", "image=digits_test.npz")
FILES = ["README.txt", "input.npz", "model.bin", "model.param"]


@pytest.fixture(autouse=True)
def _no_arm64(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without the arm64 engine."""
    monkeypatch.delenv(ARM64_PYTHON, raising=False)


def test_digits(run: Runner, digits: Path) -> None:
    """The layer that overflows is left, and the command in README.txt shows it again."""
    arguments = (*DIGITS, "-o", "out")
    check_golden("reduce_digits", arguments, run(*arguments))
    assert FILES == sorted(path.name for path in (digits / "out").iterdir())
    text = (digits / "out" / "README.txt").read_text(encoding="utf-8")
    line = next(line.strip() for line in text.splitlines() if line.strip().startswith("maskctl run "))
    words = [word.replace("input.npz", "out/input.npz").replace("model.", "out/model.") for word in line.split()[1:]]
    assert run(*words).out.splitlines()[-1].endswith(" 1")


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--precision", "fp32"), "everything is finite and nothing is lost in fp32."),
        (
            ("--layer", "conv1", "--show", "nan"),
            "no layer makes anything not finite of finite inputs of layer 'conv1' in",
        ),
        (("--layer", "conv1", "--below", "20"), "no SQNR is under 20 dB of layer 'conv1' in"),
    ],
)
def test_nothing_to_reduce(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    """A model that does not show what is asked for is told so, with exit status 1."""
    result = run(*DIGITS, *arguments, "-o", "out")
    assert (1, True, False) == (result.code, message in result.out, Path("out").exists())


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--layer", "conv1", "--blob", "conv1"), "--layer is what one layer does and --blob what the whole run makes"),
        (("--show", "crash"), "--show crash is about a real engine. Give --engine host or --engine arm64 too."),
        (("--threads", "2"), "--threads is of a real engine, and there is no --engine. Give both, or neither."),
        (("--timeout", "9"), "--timeout is of a real engine, and there is no --engine. Give both, or neither."),
        (("--below", "nan"), "--below 'nan' is not a number of dB."),
        (("--below", "40", "--show", "nan"), "--below is an SQNR and --show nan asks for none."),
        (("--layer", "conv9"), "no layer matches 'conv9'. Did you mean 'conv"),
        (("--layer", "conv*"), "--layer 'conv*' is 4 layers, or one that is not run."),
        (("--blob", "prop"), "there is no blob 'prop' that can be computed. Did you mean 'prob'?"),
        (("--engine", "arm64"), "there is no arm64 engine: MASKCTL_ARM64_PYTHON is not set."),
        (("-o", "nowhere/out"), "nowhere/out: it is to be in a folder that is not there."),
        (("-o", "digits_test.npz"), "digits_test.npz: this is no folder."),
        (("-o", "."), ".: this is the folder you are in. Give a name for a new one."),
        (("-o", "full"), "full: the folder holds 'notes.txt', which is not of a reduction."),
    ],
)
def test_refusals(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    """What cannot be is refused before anything is run, with exit status 2."""
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    before = state(Path())
    result = run(*DIGITS, "-o", "out", *arguments)
    assert (2, True, before) == (result.code, message in result.err, state(Path()))


@pytest.mark.usefixtures("digits")
def test_a_folder_that_is_there(run: Runner) -> None:
    """An empty folder is filled, an earlier reduction only replaced with --force, and gives the same files again."""
    Path("out").mkdir()
    assert 0 == run(*DIGITS, "-o", "out").code
    written = state(Path("out"))
    result = run(*DIGITS, "-o", "out")
    assert (2, "maskctl: out: the folder holds a reduction. Give another name, or --force to replace it.\n") == (
        result.code,
        result.err,
    )
    assert 0 == run(*DIGITS, "-o", "out", "--force").code
    assert written == state(Path("out"))
    assert ["digits_overflow.bin", "digits_overflow.param", "digits_test.npz", "out"] == sorted(
        path.name for path in Path().iterdir()
    )


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("locked", ["", "out"])
def test_a_folder_nobody_may_write_to(run: Runner, monkeypatch: pytest.MonkeyPatch, locked: str) -> None:
    """A read-only folder is refused before the model is read, the one that is replaced as well as the one around it."""
    Path("out").mkdir()
    asked = os.access
    monkeypatch.setattr(
        "os.access", lambda path, mode: asked(path, mode) and Path(path) != Path(locked).resolve()
    )  # root may write anywhere
    monkeypatch.setattr("maskctl.cli.reduce.load_model", lambda *_: pytest.fail("the model was read"))
    result = run(*DIGITS, "-o", "out")
    said = f"maskctl: out: the folder '{Path(locked).resolve()}' is read-only. Make it writable, or write elsewhere.\n"
    assert (2, said) == (result.code, result.err)


@pytest.mark.usefixtures("digits")
def test_an_interruption(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C writes the smallest model so far and ends with 130; before there is one nothing is written."""

    def interrupt(at: int) -> None:
        def count(trials: int) -> None:
            if trials == at:
                raise KeyboardInterrupt

        monkeypatch.setattr(module, "_count", count)

    interrupt(1)
    result = run(*DIGITS, "-o", "out")
    assert (130, "maskctl: interrupted; nothing was written.", False) == (
        result.code,
        result.err.strip(),
        Path("out").exists(),
    )
    interrupt(4)
    result = run(*DIGITS, "-o", "out")
    assert (130, True) == (result.code, "Interrupted; the smallest so far is 1 layer after 4 runs" in result.out)
    assert FILES == sorted(path.name for path in Path("out").iterdir())


@pytest.mark.usefixtures("digits")
def test_a_single_run(run: Runner) -> None:
    """One candidate is one run, in what is printed and in README.txt."""
    assert "Reduced to 1 layer after 1 run, " in run(*DIGITS, "--trials", "1", "-o", "out").out
    assert "\n1 candidate was run.\n" in Path("out/README.txt").read_text(encoding="utf-8")


@pytest.mark.usefixtures("digits")
def test_a_blob_of_the_whole_run(run: Runner) -> None:
    """With --blob the source of what is not finite is found among the layers before it."""
    result = run(*DIGITS, "--blob", "prob", "-o", "out")
    assert (0, True) == (result.code, result.out.startswith("digits_overflow.param: #4 'conv3' (Convolution) makes 21"))


def test_a_type_kept_whole(run: Runner, folder: Path) -> None:
    """Layers whose channels cannot be made fewer are named in README.txt."""
    (folder / "net.param").write_bytes(
        param_text("Input data 0 1 data 0=6", "LayerNorm norm 1 1 data norm 0=6 1=1.0e-05 2=1")
    )
    assert 0 == run("reduce", "net.param", "--weights", "random:1", "-o", "out").code
    text = (folder / "out" / "README.txt").read_text(encoding="utf-8")
    assert "Channels of these types were kept as they are: LayerNorm." in text


@NEEDS_NCNN
@pytest.mark.usefixtures("digits")
def test_a_mismatch(run: Runner) -> None:
    """Where the prediction is for another target than the engine's, a layer that differs is left."""
    arguments = ("--engine", "host", "--precision", "bf16", "--target", "arm82", "--show", "mismatch")
    result = run(*DIGITS, *arguments, "--trials", "40", "-o", "out")
    assert (0, True) == (result.code, "gives another blob 'conv1' in the engine than is predicted" in result.out)
    text = Path("out/README.txt").read_text(encoding="utf-8")
    assert "maskctl verify model.param -i image=input.npz --engine host --precision bf16 --target arm82" in text
    assert " (host)" in text
