"""`maskctl lint`: which files and rules, what is printed, how it exits."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.builders import param_text
from tests.cli.driver import Runner, check_golden, spawn

BAD = b"7767517\n2 2\nInput  data  0 1 data 0=4 1=4 2=3\nReLU\trelu 1 1 daat relu 31=257\n"
RULES = ("--select", "undefined-blob,unknown-mask-bit", "--select", "layer-count-mismatch")


@pytest.fixture
def models(folder: Path) -> Path:
    """A clean file and one with an error and a warning, in a folder of the current one."""
    for name, data in (("good", param_text("Input data 0 1 data 0=8 1=8 2=1")), ("bad", BAD)):
        path = folder / "models" / f"{name}.param"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("lint_full", ("models", *RULES)),
        ("lint_concise", ("models", "--format", "concise", *RULES)),
        ("lint_statistics", ("models", "--statistics", *RULES)),
        ("lint_clean", ("models/good.param", *RULES)),
        ("lint_missing", ("models/goood.param", "models/bad.param", "--quiet", *RULES)),
        ("lint_explain", ("--explain", "undefined-blob")),
        ("lint_no_rule", ("--explain", "undefined-blobb")),
    ],
)
def test_printed(run: Runner, name: str, arguments: tuple[str, ...]) -> None:
    """Findings and pages are on stdout, the summary and what cannot be read on stderr."""
    check_golden(name, ("lint", *arguments), run("lint", *arguments))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 1),
        (("--exit-zero",), 0),
        (("--ignore", "undefined-blob"), 0),
        (("--ignore", "undefined-blob", "--strict"), 1),
        (("--ignore", "undefined-blob", "--strict", "--exit-zero"), 0),
        (("missing.param", "--exit-zero"), 2),
        (("--select", "grahp"), 2),
        (("--runtime", "2024"), 2),
        (("--range", "0:1"), 2),
        (("-", "models"), 2),
        (("--stdin-filename", "x.param"), 2),
    ],
)
@pytest.mark.usefixtures("models")
def test_exit_code(run: Runner, arguments: tuple[str, ...], code: int) -> None:
    """Errors are 1, warnings only with --strict, and what cannot be read or understood is 2 whatever else is asked for."""
    paths = () if arguments and not arguments[0].startswith("--") else ("models",)
    paths = () if "--stdin-filename" in arguments else paths
    assert code == run("lint", *paths, *arguments, *RULES).code


def test_stdin(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text on stdin is linted under the name that it is given."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD)))
    result = run("lint", "-", "--stdin-filename", "some/net.param", "--format", "concise", "--select", "undefined-blob")
    assert (1, "some/net.param:4:15: error: ") == (result.code, result.out[:28])


def test_list_of_rules(run: Runner) -> None:
    """The list has a line per rule and says its group, its severity and its mistake."""
    from maskctl.lint.rule import rules

    lines = run("lint", "--list-rules").out.splitlines()
    assert len(rules()) + 1 == len(lines)
    row = next(line for line in lines if line.startswith("undefined-blob "))
    assert "graph error A layer reads a blob that no layer before it produces." == " ".join(row.split()[1:])


def test_colour(models: Path) -> None:
    """Colour is for terminals and FORCE_COLOR; NO_COLOR has the last word."""
    coloured = spawn("lint", "models", folder=models, FORCE_COLOR="1").out
    assert "\x1b[31m\x1b[1merror\x1b[0m" in coloured
    for variables in ({}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}):
        assert "\x1b" not in spawn("lint", "models", folder=models, **variables).out
