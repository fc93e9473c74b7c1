"""`analyze --check`: the user's own score of every candidate."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.driver import SAMPLES, Runner

SCORE = """
import sys
import numpy as np
found = np.load(sys.argv[1])
assert found["prob"].shape == (20, 10), found["prob"].shape
labels = np.load("labels.npy")
right = (found["prob"].argmax(1) == labels) & np.isfinite(found["prob"]).all(1)
print("right:", right.sum(), file=sys.stderr)
print(right.mean())
raise SystemExit(int(right.mean() < 0.9) if "--status" in sys.argv else 0)
"""


@pytest.fixture
def command(digits: Path) -> tuple[str, ...]:
    """An analysis of twenty digits beside a script that scores them."""
    with np.load(SAMPLES / "digits_test.npz") as stored:
        np.save(digits / "few.npy", stored["image"][:20])
        np.save(digits / "labels.npy", stored["labels"][:20])
    (digits / "my score.py").write_text(SCORE, encoding="utf-8")
    return ("analyze", "digits_overflow.param", "-i", "few.npy")


def test_by_exit_status(run: Runner, command: tuple[str, ...]) -> None:
    """Exit status 0 is good enough: the overflowing model is not, with one mask it is."""
    check = f"{sys.executable} 'my score.py' {{}} --status"
    report = json.loads(run(*command, "--check", check, "--json", "-").out)
    assert {"target": 1.0, "before": 0.0, "after": 1.0, "by_status": True} == report["check"]
    assert [4] == [mask["index"] for mask in report["masks"]]
    told = run(*command, "--check", check).out
    assert "check: failed before, passed after\n" in told
    assert "With 1 mask every output reaches exit status 0 of the check." in told
    assert (
        "#4 needs a mask. With all others there are, and none on it, the worst output comes to a failed check." in told
    )


def test_by_number(run: Runner, command: tuple[str, ...]) -> None:
    """With --target-check the number printed last counts, and is shown before and after."""
    result = run(*command, "--check", f"{sys.executable} 'my score.py'", "--target-check", "0.95")
    assert 0 == result.code, result.err
    assert "check: 0 before, 0.95 after\n" in result.out
    assert "With 1 mask every output reaches the check's 0.95." in result.out


@pytest.mark.parametrize(
    ("check", "more", "said"),
    [
        ("'unfinished", (), "--check ''unfinished': No closing quotation. Quote it as for a shell."),
        (" ", (), "--check is empty"),
        ("no-such-program {}", (), "--check 'no-such-program {}' cannot be run: No such file or directory."),
        (
            f"{sys.executable} -c pass",
            ("--target-check", "1"),
            "printed '' last. With --target-check that has to be a number",
        ),
        (f"{sys.executable} -c 'raise SystemExit(3)'", ("--target-check", "1"), "ended with exit status 3."),
        (
            f"{sys.executable} -c 'raise SystemExit(3)'",
            (),
            "gives exit status 3 on the fp32 outputs, and 0 is asked for",
        ),
        (
            f"{sys.executable} -c 'print(0.5)'",
            ("--target-check", "0.7"),
            "the check gives 0.5 on the fp32 outputs, and 0.7 is asked for",
        ),
        (
            f"{sys.executable} -c 'print(float(\"nan\"))'",
            ("--target-check", "0.7"),
            "the check gives nan on the fp32 outputs, and 0.7 is asked for",
        ),
        (f"{sys.executable} -c 'print(0.5)'", ("--target-check", "nan"), "--target-check 'nan' is not a number."),
        (None, ("--target-check", "0.7"), "and there is no --check. Give both."),
    ],
)
def test_what_is_refused(
    run: Runner, command: tuple[str, ...], check: str | None, more: tuple[str, ...], said: str
) -> None:
    """A command that cannot be run, gives no score, or refuses the fp32 outputs ends the analysis with what to do."""
    result = run(*command, *(() if check is None else ("--check", check)), *more)
    assert (2, True) == (result.code, said in result.err), result.err


def test_nothing_is_run_by_a_shell(run: Runner, command: tuple[str, ...], digits: Path) -> None:
    """Characters that a shell acts on are plain text in an argument."""
    check = f"{sys.executable} -c 'import sys; sys.exit(sys.argv[1] != \"; touch pwned\")' '; touch pwned'"
    assert 0 == run(*command, "--check", check).code
    assert not (digits / "pwned").exists()


def test_a_limit_that_is_no_size(run: Runner, command: tuple[str, ...]) -> None:
    """--memory takes a size with its unit, and says so."""
    assert 0 == run(*command, "--memory", "1MB").code
    result = run(*command, "--memory", "lots")
    assert (2, "maskctl: --memory 'lots' is not a size. Expected e.g. 500MB or 2GB.\n") == (result.code, result.err)


@pytest.mark.parametrize(
    ("size", "hint"),
    [("5", " A number without a unit is of bytes."), ("1KB", ""), ("999999", " A number without a unit is of bytes.")],
)
def test_a_limit_that_is_too_small(run: Runner, command: tuple[str, ...], size: str, hint: str) -> None:
    """--memory refuses what no work fits in, and says so where it is for want of a unit."""
    result = run(*command, "--memory", size)
    said = f"maskctl: --memory '{size}' is less than any work takes.{hint} Expected 1MB or more, e.g. 500MB or 2GB.\n"
    assert (2, said) == (result.code, result.err)
