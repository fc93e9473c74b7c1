"""`maskctl lint --fix`, `--diff` and `--baseline`: what is written, and what is left."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from maskctl.lint import repair, session
from maskctl.param.write import write_text
from tests.cli.driver import Runner, check_golden, environment, program, state

BAD = (
    b"7767517\r\n3 3\r\nInput\tdata 0 1 data 0=4 1=4 2=3\r\n"
    b"ReLU relu 1 1 data relu 31=257   \r\nReLU next 1 1 relu next 31=513\r\n"
)
SAFE = BAD.replace(b"31=257", b"31=1").replace(b"31=513", b"31=1")
RULES = ("--select", "unknown-mask-bit,layer-count-mismatch,undefined-blob")


@pytest.fixture
def net(folder: Path) -> Path:
    """A file with two mistakes that can be mended, both of them safely."""
    path = folder / "net.param"
    path.write_bytes(BAD)
    return path


def test_fix(net: Path, run: Runner) -> None:
    """--fix writes the file, changing nothing but what is mended, and a second run finds nothing to do."""
    assert (0, "", "Mended 2 findings. All clean: 1 file.\n") == tuple(run("lint", "--fix", *RULES))
    assert SAFE == net.read_bytes()
    assert (0, "", "All clean: 1 file.\n") == tuple(run("lint", "--fix", *RULES))


def test_fix_leaves_what_needs_a_person(net: Path, run: Runner) -> None:
    """What is left is told with its places in the repaired text; unsafe fixes are made only where asked for."""
    net.write_bytes(BAD.replace(b"3 3", b"1 3"))
    arguments = ("lint", "--fix", *RULES)
    check_golden("lint_fix", arguments, run(*arguments))
    assert SAFE.replace(b"3 3", b"1 3") == net.read_bytes()
    assert 0 == run(*arguments, "--unsafe-fixes").code
    assert SAFE == net.read_bytes()


def test_diff(net: Path, run: Runner) -> None:
    """--diff shows what --fix would do, writes nothing and exits with 1; without anything to mend with 0."""
    before = state(net.parent)
    result = run("lint", "--diff", *RULES)
    assert (1, before) == (result.code, state(net.parent))
    assert ["-ReLU relu 1 1 data relu 31=257", "-ReLU next 1 1 relu next 31=513"] == [
        line.rstrip() for line in result.out.split("\n") if line.startswith("-R")
    ]
    assert 2 == result.out.count("\n+R")
    assert "Would mend 2 findings. All clean then: 1 file.\n" == result.err
    net.write_bytes(SAFE)
    assert (0, "", "All clean: 1 file.\n") == tuple(run("lint", "--diff", *RULES))


def test_stdin(folder: Path) -> None:
    """--fix with - prints the repaired text and nothing else on stdout, and writes no file."""
    text = BAD.replace(b"data relu", b"dta relu")
    words = program("lint", "-", "--fix", *RULES)
    done = subprocess.run(words, input=text, cwd=folder, env=environment(), capture_output=True, check=False)
    assert (1, SAFE.replace(b"data relu", b"dta relu")) == (done.returncode, done.stdout)
    assert b"Did you mean 'data'?" in done.stderr
    assert [] == list(folder.iterdir())


def test_changed_meanwhile(net: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody else changed between reading and writing is left as they left it."""

    def slowly(*arguments: Any, **options: Any) -> object:
        net.write_bytes(b"theirs")
        return repair.repaired(*arguments, **options)

    monkeypatch.setattr(session, "repaired", slowly)
    result = run("lint", "--fix", *RULES)
    assert (2, b"theirs") == (result.code, net.read_bytes())
    assert "net.param: the file was changed by someone else meanwhile." in result.err


def test_read_only(net: Path, run: Runner) -> None:
    """A read-only file is not replaced, and the others are mended."""
    os.chmod(net, 0o444)
    (net.parent / "other.param").write_bytes(BAD)
    result = run("lint", "--fix", *RULES)
    assert (2, BAD, SAFE) == (result.code, net.read_bytes(), (net.parent / "other.param").read_bytes())
    assert (
        "maskctl: net.param: cannot write: the file is read-only. The file is as it was.\n"
        "Mended 2 findings. All clean: 1 file.\n"
    ) == result.err


def test_interrupted(net: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who interrupts --fix is told how many files were written; the others are as they were."""
    (net.parent / "other.param").write_bytes(BAD)

    def interrupted_at_second(path: str, before: bytes, after: bytes) -> None:
        if path == "other.param":
            raise KeyboardInterrupt
        write_text(path, before, after)

    monkeypatch.setattr("maskctl.param.write.write_text", interrupted_at_second)
    result = run("lint", "--fix", *RULES)
    assert (130, "\nmaskctl: interrupted; files mended before: 1.\n") == (result.code, result.err)
    assert (SAFE, BAD) == (net.read_bytes(), (net.parent / "other.param").read_bytes())


def test_baseline(net: Path, run: Runner) -> None:
    """What was written down is not told again; what is new is, and what is gone is noted."""
    baseline = ("lint", "--baseline", "known.json", *RULES)
    assert (0, "", "Wrote known.json: 2 known findings.\n") == tuple(run(*baseline, "--write-baseline"))
    assert (0, "", "All clean: 1 file.\n") == tuple(run(*baseline))
    net.write_bytes(SAFE.replace(b"data relu", b"dta relu"))
    result = run(*baseline, "--format", "concise")
    assert (1, 1) == (result.code, result.out.count("\n"))
    assert result.err.startswith("maskctl: note: known.json: 2 known findings are no more.")
    assert 0 == run(*baseline, "--write-baseline").code
    assert ["undefined-blob"] == [
        row["rule"] for row in json.loads((net.parent / "known.json").read_text())["findings"]
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--unsafe-fixes",), "--unsafe-fixes says which repairs"),
        (("--write-baseline",), "--write-baseline needs the name of the file."),
        (("--write-baseline", "--baseline", "b.json", "--fix"), "--write-baseline writes down what is found"),
        (("--baseline", "b.json"), "b.json: cannot read the baseline: No such file or directory."),
        (("--config", "c.toml"), "c.toml: cannot read the settings: No such file or directory."),
        (("--config", "c.toml", "--isolated"), "--config names settings, and --isolated wants none."),
    ],
)
@pytest.mark.usefixtures("net")
def test_contradictions(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    """Options that make no sense together, or name what is not there, are refused before anything is linted."""
    result = run("lint", *arguments)
    assert (2, "") == (result.code, result.out)
    assert result.err.startswith(f"maskctl: {message}")


def test_settings(net: Path, run: Runner) -> None:
    """Settings beside the file count, those of --config in their place, and --isolated looks for none."""
    (net.parent / "maskctl.toml").write_text('[lint]\nselect = ["unknown-mask-bit"]\nstrict = true\n', encoding="utf-8")
    (net.parent / "other.toml").write_text('[lint]\nselect = ["undefined-blob"]\n', encoding="utf-8")
    codes = [run("lint", *more).code for more in ((), ("--config", "other.toml"), ("--isolated", *RULES[:1], "mask"))]
    assert [1, 0, 0] == codes
    (net.parent / "maskctl.toml").write_text("[lint]\nselct = []\n", encoding="utf-8")
    expected = "maskctl: maskctl.toml: there is no key 'lint.selct'. Did you mean 'select'?\n"
    assert (2, "", expected) == tuple(run("lint"))
