"""`maskctl explain`: one layer's story, and the same as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.cli.driver import SAMPLES, Runner, check_golden, state
from tests.report.schemas import complaints


@pytest.fixture
def one(digits: Path) -> tuple[str, ...]:
    """The input of the command: the first image of the sample model."""
    with np.load(SAMPLES / "digits_test.npz") as images:
        np.save(digits / "one.npy", images["image"][:1])
    return ("-i", "one.npy")


def test_story(run: Runner, one: tuple[str, ...], digits: Path) -> None:
    """The layer that overflows is told from its line to its bits, and no file changes."""
    before = state(digits)
    command = ("explain", "digits_overflow.param", "conv3", *one)
    check_golden("explain_digits", command, run(*command))
    assert before == state(digits)


def test_by_index(run: Runner, one: tuple[str, ...]) -> None:
    """A layer is named by its index too."""
    named, numbered = (run("explain", "digits_overflow.param", which, *one) for which in ("conv3", "#4"))
    assert named == numbered


@pytest.mark.parametrize(
    ("layer", "other"), [("image", "an input has nothing to lose"), ("prob", "not finite, from #4 'conv3'")]
)
def test_why(run: Runner, one: tuple[str, ...], layer: str, other: str) -> None:
    """An input says that it has nothing to lose, a victim where its loss comes from."""
    result = run("explain", "digits_overflow.param", layer, *one)
    assert (0, "") == (result.code, result.err)
    assert other in result.out


def test_only_where_masks_are_proposed(run: Runner, one: tuple[str, ...]) -> None:
    """Without a proposal nothing is said of one."""
    said = run("explain", "digits_overflow.param", "conv3", *one, "--precision", "bf16").out
    assert "proposed" not in said
    assert "with the masks" not in said
    assert re.search(r"^mask +-$", said, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("alone", "alone in an fp32 network, at 'prob'"),
        ("alone", "alone in an fp32 network, at 'prob': bf16 storage instead"),
        ("leave-one-out", "everything lowered but this layer, at 'prob'"),
    ],
)
def test_effects(run: Runner, one: tuple[str, ...], scope: str, words: str) -> None:
    """What the layer does to each output is told where the scope measures it, with the figure of the JSON."""
    asked = ("explain", "digits_overflow.param", "conv1", *one, "--scope", scope, "--kind", "bf16")
    (row,) = json.loads(run(*asked, "--json").out)["layers"]
    effects = row["alone"]["bf16" if "bf16" in words else "whole"] if scope == "alone" else row["leave_one_out"]
    said = re.search(rf"^{words} +(\S+)", run(*asked).out, flags=re.MULTILINE)
    assert said is not None
    figure = float(effects["prob"]["sqnr_db"])
    assert f"{figure:.1f}" == f"{float(said[1]):.1f}"


def test_json(run: Runner, one: tuple[str, ...]) -> None:
    """--json prints the document of analyze with this layer alone, as its schema says."""
    result = run("explain", "digits_overflow.param", "conv3", *one, "--json")
    report = json.loads(result.out)
    assert (0, "", []) == (result.code, result.err, complaints("analysis", report))
    assert (["conv3"], ["conv3"]) == tuple([row["name"] for row in report[key]] for key in ("layers", "network"))
    assert report["network"][0]["values"] is not None
    whole = json.loads(run("analyze", "digits_overflow.param", *one, "--json", "-").out)
    assert next(row for row in whole["layers"] if row["name"] == "conv3") == report["layers"][0]


def test_no_such_layer(run: Runner, one: tuple[str, ...]) -> None:
    """A name that is nearly right is answered with those that are, before anything is run."""
    result = run("explain", "digits_overflow.param", "convv3", *one)
    said = "maskctl: digits_overflow.param: no layer matches 'convv3'. Did you mean 'conv3', 'conv4', 'conv2'?\n"
    assert (2, "", said) == result


def test_several_layers(run: Runner, one: tuple[str, ...]) -> None:
    """A selector of several layers is refused with what it names."""
    result = run("explain", "digits_overflow.param", "fc*", *one)
    said = "maskctl: digits_overflow.param: 'fc*' names 2 layers: #6 'fc1', #7 'fc2'. Give one, e.g. '#6'.\n"
    assert (2, "", said) == result


def test_interrupted(run: Runner, one: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while masks are tried ends the command: a story without its plan is none."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("maskctl.analysis.plan.Planner._swapped", interrupted)
    result = run("explain", "digits_overflow.param", "conv3", *one, "--no-cache")
    assert (130, "") == (result.code, result.out)


def test_cut_layer(run: Runner, digits: Path) -> None:
    """A layer that cannot be run says why, and has neither losses nor values."""
    param = digits / "digits_overflow.param"
    text = param.read_text().replace("Softmax ", "NoSuch  ")
    param.write_text(text)
    result = run("explain", "digits_overflow.param", "prob")
    assert 0 == result.code
    assert "it is not run: unknown type" in result.out
    assert "Values in fp32" not in result.out


def test_bars_of_many_powers_are_grouped(run: Runner, digits: Path) -> None:
    """However many powers of two the values span, no more than 24 rows are printed, and every element is in one."""
    values = np.array([2.0**exponent for exponent in range(-64, 0)], np.float32).reshape(1, 8, 8)
    np.save(digits / "wide.npy", values)
    said = run("explain", "digits_overflow.param", "image", "-i", "wide.npy").out.split("Values in fp32")[1]
    rows = re.findall(r"^ *2\^(-?\d+) +(?:#+ +(\d+))?", said, flags=re.MULTILINE)
    assert (22, 64) == (len(rows), sum(int(count) for _, count in rows if count))
    assert "fp16's smallest" in said
