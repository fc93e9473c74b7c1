"""The hook, the action and the recipes of docs/lint.md: they parse, and the commands in them run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from maskctl.cli.lint import command
from maskctl.lint.settings import parse_settings
from tests.builders import param_text
from tests.cli.driver import environment

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
BAD = param_text("Input data 0 1 data 0=8 1=8 2=1", "ReLU relu 1 1 dta relu")


def block(mark: str) -> str:
    """The block of code behind a marker in docs/lint.md."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a bad file, a good one, and a `maskctl` on the path that is this one."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "bad.param").write_bytes(BAD)
    (tmp_path / "models" / "good.param").write_bytes(param_text("Input data 0 1 data 0=8 1=8 2=1"))
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "maskctl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m maskctl "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script as GitHub Actions runs it with `shell: bash`."""
    known = environment(GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(folder), **variables)
    known["PATH"] = f"{folder / 'bin'}:{known['PATH']}"
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(words, cwd=folder, env=known, capture_output=True, text=True, check=False)


def hook_names(models: Path) -> list[str]:
    """The files of the folder that the hook's pattern names, as pre-commit looks for it."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    files = sorted(path.relative_to(models).as_posix() for path in models.rglob("*") if path.is_file())
    return [name for name in files if re.search(hook["files"], name)]


def test_hook(models: Path) -> None:
    """The hook's command lints the files that its pattern names, as pre-commit calls it."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    names = hook_names(models)
    assert ["models/bad.param", "models/good.param"] == names
    assert ("maskctl-lint", "python") == (hook["id"], hook["language"])
    assert 1 == shell(f"{hook['entry']} --strict {shlex.join(names)}", models).returncode
    assert 0 == shell(f"{hook['entry']} --strict {names[1]}", models).returncode


def test_hook_on_what_belongs_to_a_param(models: Path) -> None:
    """A commit of weights, of a lock or of settings alone has the hook lint the files they belong to; another .bin passes."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (models / "nearer").mkdir()
    shutil.copy(models / "models" / "bad.param", models / "nearer" / "own.param")
    beside = ["models/good.bin", "models/good.masks.toml", "maskctl.toml", "nearer/maskctl.toml", "firmware.bin"]
    for name in beside:
        (models / name).write_bytes(b"")
    assert sorted([*beside, "models/bad.param", "models/good.param", "nearer/own.param"]) == hook_names(models)

    def linted(*names: str) -> tuple[int, list[str]]:
        done = shell(f"{hook['entry']} --format json {shlex.join(names)}", models)
        return done.returncode, [file["path"] for file in json.loads(done.stdout)["files"]]

    assert (0, []) == linted("firmware.bin")
    assert (1, ["models/good.param"]) == linted("models/good.masks.toml")  # an empty lock cannot be read
    (models / "models" / "good.masks.toml").unlink()
    assert (0, ["models/good.param"]) == linted("models/good.bin", "firmware.bin", "models/good.param")
    assert (1, ["models/bad.param", "models/good.param"]) == linted("maskctl.toml")
    assert (1, ["nearer/own.param"]) == linted("nearer/maskctl.toml")


def test_what_git_says_has_changed(models: Path) -> None:
    """The page's git command names files as `--changed` looks for them, also from a folder of the repository."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    found = re.search(r"`(git diff [^`]+)`", PAGE)
    assert found is not None
    new = "git init --quiet .. && git add . && echo >>bad.param"
    done = shell(
        f"cd models && {new} && maskctl lint --select undefined-blob --format concise --changed $({found.group(1)})",
        models,
    )
    assert (1, "bad.param:4:") == (done.returncode, done.stdout[:12])


def test_hook_tells_of_settings_once(models: Path) -> None:
    """pre-commit gives the hook all files at once: in portions the same warning came from each, and unused ignores from none."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["require_serial"] is True
    ignores = '"models/*.param" = ["magic-number"]\n"gone.param" = ["all"]\n'
    (models / "maskctl.toml").write_text(f"[lint.per-file-ignores]\n{ignores}", encoding="utf-8")
    names = ["models/bad.param", "models/good.param"]

    def of_settings(*paths: str) -> list[str]:
        lines = shell(f"{hook['entry']} --format concise {shlex.join(paths)}", models).stdout.splitlines()
        return [line.rsplit("[", 1)[1] for line in lines if line.startswith("maskctl.toml:")]

    assert [["unmatched-setting]"]] * 2 == [of_settings(name) for name in names]
    assert ["unused-ignore]", "unmatched-setting]"] == of_settings(*names)


def action_step(**given: str) -> tuple[str, dict[str, str]]:
    """The script of the action that lints, and its variables for these inputs."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    inputs = {name: given.get(name, row["default"]) for name, row in action["inputs"].items()}
    install, lint = action["runs"]["steps"]
    assert (action["runs"]["using"], 'python -m pip install --quiet "$GITHUB_ACTION_PATH"') == (
        "composite",
        install["run"],
    )
    texts = {name: re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", text) for name, text in lint["env"].items()}
    return lint["run"], {name: inputs[found.group(1)] for name, found in texts.items() if found}


def test_action(models: Path) -> None:
    """The action's script annotates lines and fails for errors, in a folder or in files of a pattern."""
    script, variables = action_step(args="--select undefined-blob")
    done = shell(script, models, **variables)
    assert (1, "::error file=models/bad.param,line=4,") == (done.returncode, done.stdout[:37])
    script, variables = action_step(paths="models/g*.param", args="--strict")
    assert 0 == shell(script, models, **variables).returncode


def test_action_with_sarif(models: Path) -> None:
    """With an input `sarif` the findings are in that file too, with paths of the repository, and errors still fail."""
    script, variables = action_step(sarif="found.sarif", paths="models", args="--select undefined-blob")
    done = shell(script, models, **variables)
    assert (1, 1) == (done.returncode, done.stdout.count("::error "))
    (row,) = json.loads((models / "found.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert "models/bad.param" == row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_recipe_for_gitlab(models: Path) -> None:
    """The command for GitLab writes the report that its artifact names."""
    (job,) = yaml.safe_load(block("yaml: gitlab")).values()
    done = shell(job["script"][2].removeprefix(".venv/bin/"), models)
    assert (1, "") == (done.returncode, done.stdout)
    assert (models / job["artifacts"]["reports"]["junit"]).read_text(encoding="utf-8").startswith("<?xml")


def test_recipe_for_github_and_pre_commit() -> None:
    """The recipes name inputs and a hook that are there, and options that the command knows."""
    step = yaml.safe_load(block("yaml: github"))["jobs"]["lint"]["steps"][-1]
    inputs: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert set(step["with"]) <= set(inputs)
    understood([*step["with"]["args"].split(), step["with"]["paths"]])
    (hook,) = yaml.safe_load(block("yaml: pre-commit"))["repos"][0]["hooks"]
    assert "maskctl-lint" == hook["id"]
    understood(hook["args"])


def understood(words: list[str]) -> click.Context:
    """The command line as the command understands it; raises where it does not."""
    return command.make_context("lint", list(words))


def test_commands_of_the_page() -> None:
    """Every command line that docs/lint.md shows is one that the command understands."""
    lines = re.findall(r"^maskctl lint (.*)$|`maskctl lint ([^`]*)`", PAGE, flags=re.MULTILINE)
    shown = [shlex.split(code or text, comments=True) for code, text in lines]
    assert len(shown) > 10
    for words in shown:
        understood(words)


def test_settings_of_the_page() -> None:
    """The settings that docs/lint.md shows are understood, as they stand and as tables of a pyproject.toml."""
    own = parse_settings(block("settings"), "maskctl.toml")
    project = parse_settings(block("settings").replace("[lint", "[tool.maskctl.lint"), "pyproject.toml")
    assert 20241226 == own.runtime == project.runtime
    assert ("net.param", "conv_*") == (own.per_file_ignores[1].glob, own.per_file_ignores[1].layer_glob)
