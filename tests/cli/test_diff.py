"""`maskctl diff`: what two files mean differently, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders import param_text
from tests.cli.driver import ROOT, Runner, check_golden
from tests.lock.nets import BY_HAND, INT8, MADE, OPTIMIZED
from tests.report.schemas import complaints

FILES = {"made.param": MADE, "optimized.param": OPTIMIZED, "int8.param": INT8}


@pytest.fixture
def files(folder: Path) -> Path:
    """A network, and what it became when it was exported again, in the current folder."""
    for name, path in FILES.items():
        (folder / name).write_bytes(path.read_bytes())
    (folder / "by_hand.param").write_bytes(BY_HAND)
    return folder


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("diff_optimized", ("made.param", "optimized.param")),
        ("diff_renamed", ("made.param", "by_hand.param")),
        ("diff_equal", ("int8.param", "int8.param")),
        ("diff_no_file", ("made.param", "mode.param")),
    ],
)
@pytest.mark.usefixtures("files")
def test_output(run: Runner, name: str, arguments: tuple[str, ...]) -> None:
    """What a command prints, and its exit code, are those of its golden file."""
    check_golden(name, ("diff", *arguments), run("diff", *arguments))


def test_another_spelling(files: Path, run: Runner) -> None:
    """A file laid out otherwise, its defaults written out, means the same (exit 0)."""
    text = MADE.read_text(encoding="utf-8")
    (files / "other.param").write_text(text.replace("1=3 4=1", "4=1  1=3 11=3 2=1"), encoding="utf-8")
    assert (0, "made.param and other.param mean the same.\n", "") == run("diff", "made.param", "other.param")


@pytest.mark.parametrize("after", ["optimized.param", "by_hand.param", "made.param"])
@pytest.mark.usefixtures("files")
def test_json(run: Runner, after: str) -> None:
    """--json gives one document that its schema describes, with the same exit code."""
    result = run("diff", "made.param", after, "--json")
    document = json.loads(result.out)
    assert [] == complaints("diff", document)
    assert (int(after != "made.param"), "") == (result.code, result.err)
    assert (after == "made.param") == document["equal"] == (not document["changed"])


def test_the_example_of_the_documentation(folder: Path, run: Runner) -> None:
    """docs/locking.md shows what the command prints for a convolution whose ReLU was fused and whose mask was lost."""
    convolution = "Convolution stem 1 1 data {} 0=8 1=3 5=1 6=216{}"
    before = ("Input data 0 1 data", convolution.format("stem", " 31=65"), "ReLU stem_relu 1 1 stem stem_relu")
    (folder / "net.param").write_bytes(param_text(*before))
    (folder / "opt.param").write_bytes(param_text(before[0], convolution.format("stem_relu", " 9=1")))
    page = (ROOT / "docs" / "locking.md").read_text(encoding="utf-8")
    _, _, shown = page.partition("$ maskctl diff net.param opt.param\n")
    assert shown.partition("```")[0] == run("diff", "net.param", "opt.param").out
