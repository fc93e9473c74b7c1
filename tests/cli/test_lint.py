"""`maskctl lint`: which files and rules, what is printed, how it exits."""

from __future__ import annotations

import html
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import param_text
from tests.cli.driver import Runner, check_golden, environment, program, spawn

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
        ("lint_json", ("models", "--format", "json", *RULES)),
        ("lint_github", ("models", "--format", "github", *RULES)),
        ("lint_junit", ("models", "--format", "junit", "--strict", *RULES)),
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
        (("--ignore", " ,"), 2),
        (("--runtime", "2024"), 2),
        (("--range", "0:1"), 2),
        (("--statistics", "--format", "json"), 2),
        (("--diff", "--output", "x.txt"), 2),
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


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("paths", "code", "said"),
    [
        ((), 0, "All clean: 0 files.\n"),
        (("models/bad.bin", "gone.param"), 1, "Found 1 error, 1 warning in 1 file "),
        (("README.md", "gone.param"), 0, "All clean: 0 files.\n"),
        (
            ("top/models/bad.param", "gone.bin"),
            0,
            (
                "maskctl: note: none of the changed files is there, 'top/models/bad.param' the first, so none is linted. Names are "
                "taken from this folder on, as `git diff --name-only --relative` gives them.\nAll clean: 0 files.\n"
            ),
        ),
        (
            ("models/bad.param", "models"),
            2,
            "maskctl: --changed takes files that have changed, and 'models' is a folder. Give files, or leave --changed off.\n",
        ),
    ],
)
def test_changed(run: Runner, paths: tuple[str, ...], code: int, said: str) -> None:
    """Files that are gone are usual, but not all of them; folders are refused, and nothing changed is clean."""
    Path("README.md").touch()
    result = run("lint", "--changed", *paths, *RULES)
    assert (code, said) == (result.code, result.err[: len(said)])


def test_list_of_rules(run: Runner) -> None:
    """The list has a line per rule and says its group, its severity, what mends it and its mistake."""
    from maskctl.lint.rule import rules

    lines = run("lint", "--list-rules").out.splitlines()
    assert len(rules()) + 1 == len(lines)
    row = next(line for line in lines if line.startswith("undefined-blob "))
    assert ["graph", "error"] == row.split()[1:3]
    assert row.endswith("  A layer reads a blob that no layer before it produces.")


def test_colour(models: Path) -> None:
    """Colour is for terminals and FORCE_COLOR; NO_COLOR has the last word."""
    coloured = spawn("lint", "models", folder=models, FORCE_COLOR="1").out
    assert "\x1b[31m\x1b[1merror\x1b[0m" in coloured
    for variables in ({}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}):
        assert "\x1b" not in spawn("lint", "models", folder=models, **variables).out


def test_in_github_actions(models: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """In GitHub Actions findings are its commands, with paths from its workspace, unless another format is asked for."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(models.parent))
    assert run("lint", *RULES).out.startswith(f"::error file={models.name}/models/bad.param,line=4,")
    assert run("lint", "--format", "concise", *RULES).out.startswith("models/bad.param:4:15: error: ")


def test_output(models: Path, run: Runner) -> None:
    """--output writes the findings into a file and prints none; a file that cannot be written is an error."""
    result = run("lint", "--format", "sarif", "--output", "found.sarif", *RULES)
    assert (
        1,
        "",
        "Found 1 error, 1 warning in 2 files (1 fixable with --fix, 1 with --fix --unsafe-fixes).\n",
    ) == tuple(result)
    log = json.loads((models / "found.sarif").read_text(encoding="utf-8"))
    assert ["undefined-blob", "unknown-mask-bit"] == [row["ruleId"] for row in log["runs"][0]["results"]]
    assert 2 == run("lint", "--output", "nowhere/found.txt").code


@pytest.mark.usefixtures("models")
def test_output_spares_what_is_linted(run: Runner) -> None:
    """--output never replaces a file that is linted, by whatever name."""
    result = run("lint", "models", "--output", "./models/bad.param")
    assert (2, "", BAD) == (result.code, result.out, Path("models/bad.param").read_bytes())
    assert result.err.startswith("maskctl: --output './models/bad.param' is linted, and would be replaced.")


@pytest.mark.parametrize("name", ["full", "concise", "json", "github", "sarif", "junit"])
def test_settings_are_told(models: Path, run: Runner, name: str) -> None:
    """What is found in a settings file is in every format, whatever makes the command fail."""
    text = '[lint.per-file-ignores]\n"good.param" = ["undefined-blob"]\n'
    (models / "maskctl.toml").write_text(text, encoding="utf-8")
    result = run("lint", "models", "--strict", "--format", name, "--select", "undefined-blob,unused-ignore")
    assert "'undefined-blob' is ignored in files 'good.param', and there is nothing to ignore." in html.unescape(
        result.out
    )


def test_reader_gone(models: Path) -> None:
    """A reader of the findings that closes its pipe ends the command with 141."""
    text = param_text("Input data 0 1 data 0=8 1=8 2=1", *(f"ReLU r{n} 0 1 r{n} 31=257" for n in range(3000)))
    (models / "many.param").write_bytes(text)
    command = subprocess.Popen(
        program("lint", "many.param", "--select", "unknown-mask-bit"),
        cwd=models,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout is not None
    command.stdout.readline()
    command.stdout.close()
    _, err = command.communicate()
    assert (141, b"") == (command.returncode, err)
