"""`maskctl prove`: the table, witnesses that `run` takes, JSON, exit codes, and ranges that are none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.driver import SAMPLES, Runner, check_golden

OVERFLOWING = ("prove", "digits_overflow.param", "--range", "image=0:1")


@pytest.fixture
def safe(folder: Path) -> Path:
    """The current folder, with the sample model that does not overflow for images."""
    for name in ("digits.param", "digits.bin"):
        shutil.copyfile(SAMPLES / name, folder / name)
    return folder


@pytest.mark.usefixtures("digits")
def test_table(run: Runner) -> None:
    """Layers that will overflow come first, with the mask that removes it, and the exit status is 1."""
    result = run(*OVERFLOWING)
    check_golden("prove_digits", OVERFLOWING, result)
    assert 1 == result.code


@pytest.mark.usefixtures("safe")
def test_nothing_overflows(run: Runner) -> None:
    """Where everything is proved the exit status is 0."""
    arguments = ("prove", "digits.param", "--range", "image=0:1")
    result = run(*arguments)
    check_golden("prove_safe", arguments, result)
    assert 0 == result.code


def test_a_witness_shows_what_it_is_said_to_do(digits: Path, run: Runner) -> None:
    """The command that the proof names shows the layer with elements that are not finite, of an input that is."""
    path = digits / "w.npz"
    result = run(*OVERFLOWING, "--witness", "w.npz")
    command = result.out.splitlines()[-1].partition("maskctl ")[2]
    with np.load(path) as stored:
        assert [(8, 8)] == [values.shape[-2:] for values in stored.values()]
        assert all(((values >= 0) & (values <= 1)).all() for values in stored.values())
    proof = json.loads(run(*OVERFLOWING, "--json", "-").out)
    (found,) = [row for row in proof["layers"] if row["verdict"] == "will overflow"][:1]
    shown = json.loads(run(*command.split(), "--json").out)["blobs"]
    assert shown[found["name"]]["not_finite"] > 0


def test_witness_replaces_a_file_by_force(digits: Path, run: Runner) -> None:
    """With --force the inputs take the place of a file that exists."""
    (digits / "w.npz").write_text("old")
    assert 1 == run(*OVERFLOWING, "--witness", "w.npz", "--force").code
    with np.load(digits / "w.npz") as stored:
        assert ["image"] == list(stored)


@pytest.mark.usefixtures("digits")
def test_json_beside_the_table(run: Runner, digits: Path) -> None:
    """--json FILE writes what --json - prints, and the table is printed as well."""
    result = run(*OVERFLOWING, "--json", "proof.json")
    assert result.out.startswith("digits_overflow.param: fp16 on arm82")
    assert run(*OVERFLOWING, "--json", "-").out == (digits / "proof.json").read_text(encoding="utf-8")


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no range given for input blob 'image'. Give --range BLOB=LO:HI, the least and the largest value it may"),
        (("--range", "imag=0:1"), "there is no input blob 'imag' to give a range. Did you mean 'image'?"),
        (("--range", "image=1:0"), "--range 'image=1:0' is not a range. Expected BLOB=LO:HI with LO no larger than HI"),
        (("--range", "image=0"), "--range 'image=0' is not a range."),
        (("--range", "image=0:1", "--range", "0:2"), "--range gives blob 'image' a range twice. Give one, or one per"),
        (("--range", "image=nan:1"), "--range 'image=nan:1' is not a range."),
        (("--range", "image=0:1e39"), "--range 'image=0:1e39' is not a range."),
        (
            ("--range", "image=0:1,0:2"),
            "blob 'image' is (1, 8, 8), and has 2 ranges. Expected one, or one for each of its",
        ),
        (("--range", "0:1", "--witness", "digits_overflow.bin"), "'digits_overflow.bin' is read by this proof"),
        (("--range", "0:1", "--witness", "x"), "--witness 'x' does not end in .npz, by which 'run -i' knows what it"),
        (
            ("--range", "0:1", "--witness", "digits_test.npz"),
            "digits_test.npz: the file exists. Give another name, or --force",
        ),
        (("--range", "0:1", "--force"), "--force lets --witness replace a file, and there is no --witness."),
        (("--range", "0:1", "--witness", "x", "--json", "x"), "--witness and --json both write 'x'. Give two names."),
    ],
)
def test_what_cannot_be_proved(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    """What is wrong or missing is told, with exit status 2, before any work."""
    result = run("prove", "digits_overflow.param", *arguments)
    assert (2, "", True) == (result.code, result.out, result.err.startswith(f"maskctl: {message}"))


@pytest.mark.usefixtures("digits")
def test_no_witness_to_write(run: Runner, safe: Path) -> None:
    """Where nothing is found no file is written, and that is said."""
    result = run("prove", "digits.param", "--range", "0:1", "--witness", "w.npz")
    assert (0, False) == (result.code, (safe / "w.npz").exists())
    assert "No input was found that makes a layer overflow; w.npz was not written." == result.out.splitlines()[-1]
