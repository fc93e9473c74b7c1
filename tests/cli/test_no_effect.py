"""Options that were given and change nothing are said, or refused where they contradict each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.driver import SAMPLES, Runner

MODEL = "digits_overflow.param"


@pytest.fixture
def two(digits: Path) -> str:
    """A file of two samples."""
    np.savez(digits / "two.npz", image=np.load(SAMPLES / "digits_test.npz")["image"][:2])
    return "two.npz"


@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        (("analyze", "--seed", "0"), "--seed is of synthetic input, and -i gives samples: no effect."),
        (("run", "--seed", "7"), "--seed is of synthetic input, and -i gives samples: no effect."),
        (("analyze", "--worst", "9"), "--worst 9 leaves none out, as there are 2 samples: no effect."),
        (("analyze", "--worst", "2"), "--worst 2 leaves none out, as there are 2 samples: no effect."),
        (("analyze", "--worst", "1"), ""),
        (("analyze", "--json", "-", "--top", "20"), "--top is of the table, and --json - prints none: no effect."),
        (("analyze", "--json", "o.json", "--top", "20"), ""),
        (
            ("run", "--target", "x86", "--no-winograd"),
            "fp32 follows each layer's definition, whatever computes it: --target, --no-winograd without effect.",
        ),
        (("run", "--target", "x86", "--precision", "fp16"), ""),
    ],
)
def test_noted(run: Runner, two: str, arguments: tuple[str, ...], note: str) -> None:
    """What changes nothing is one line on stderr, whether the value given is the default or not; what counts is none."""
    command, *others = arguments
    result = run(command, MODEL, "-i", two, *others)
    assert (0, f"maskctl: note: {note}\n" if note else "") == (result.code, result.err)


@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        (
            ("--tries", "0", "--seed", "1"),
            "--seed is of the inputs that are tried, and --tries 0 tries none: no effect.",
        ),
        (("--tries", "0", "--json", "-", "--top", "3"), "--top is of the table, and --json - prints none: no effect."),
    ],
)
def test_noted_of_a_proof(run: Runner, digits: Path, arguments: tuple[str, ...], note: str) -> None:
    """A proof says what of its search, or of its table, is not there."""
    assert f"maskctl: note: {note}\n" == run("prove", str(digits / MODEL), "--range", "0:1", *arguments).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("analyze", MODEL, "--dask", "tcp://127.0.0.1:1", "--jobs", "2"),
            "--dask shares the samples out over a cluster and --jobs over processes here. Give one of the two.",
        ),
        (
            ("prove", MODEL, "--range", "0:1", "--tries", "0", "--witness", "w.npz"),
            "--witness writes inputs that were found, and --tries 0 looks for none. Give one of the two.",
        ),
    ],
)
@pytest.mark.usefixtures("digits")
def test_contradictions(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    """Two options of which one takes the other's place are a mistake of the command line."""
    result = run(*arguments)
    assert (2, f"maskctl: {message}\n") == (result.code, result.err)
