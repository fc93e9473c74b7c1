"""`maskctl verify`: the engine of this machine beside the prediction, and engines that are not there."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from maskctl.analysis.verify import verify
from maskctl.cli.engine_options import TARGET_NAMES
from maskctl.executor.policy import Policy
from maskctl.peers.engines import ARM64_PYTHON
from maskctl.report.verify import SCHEMA, verification_to_json
from maskctl.targets import TARGETS
from tests.analysis.made import Network
from tests.cli.driver import Runner
from tests.report.schemas import complaints, schema

NEEDS_NCNN = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
DIGITS = ("digits_overflow.param", "-i", "image=digits_test.npz")


@pytest.fixture(autouse=True)
def _no_arm64(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without the arm64 engine."""
    monkeypatch.delenv(ARM64_PYTHON, raising=False)


@NEEDS_NCNN
@pytest.mark.usefixtures("digits")
def test_fp32_beside_the_engine_of_this_machine(run: Runner) -> None:
    """In fp32 nothing parts, and the command ends with 0."""
    result = run("verify", *DIGITS, "--precision", "fp32", "--json")
    found = json.loads(result.out)
    assert (0, [], None) == (result.code, found["findings"], found["first_parting"])
    assert ["conv1", "conv2", "pool1", "conv3", "conv4", "fc1", "fc2", "prob"] == [
        row["blob"] for row in found["blobs"]
    ]
    assert found["engine"].endswith("(host)")
    assert ([], SCHEMA) == (complaints("verify", found), schema("verify")["properties"]["schema"]["const"])
    assert list(schema("verify")["properties"]) == list(found)


def test_a_document_of_an_engine_that_failed() -> None:
    """Where the engine gives nothing, and where bits part, the JSON is as its schema says too."""
    model = Network().convolution("a", "data", [[1 / 3, 1e6]]).layer("Sigmoid b 1 1 a b").model()
    inputs = {"data": np.full((1, 2, 1, 1), 7, np.float32)}
    found = verify(
        model, inputs, Policy("fp16"), {"a": np.ones((1, 1, 1, 1), np.float32)}, failure="died", failed_at="b"
    )
    document = verification_to_json("net.param", Policy("fp16"), "ncnn", 1, found)
    assert [] == complaints("verify", json.loads(json.dumps(document, allow_nan=False)))
    assert ("a", ["nan", None]) == (
        document["first_parting"],
        [document["blobs"][0]["predicted"]["sqnr_db"], document["blobs"][1]["real"]],
    )


@NEEDS_NCNN
@pytest.mark.usefixtures("digits")
def test_the_table(run: Runner) -> None:
    """A row per blob with both figures, and what to make of them."""
    result = run("verify", *DIGITS, "--precision", "fp32")
    lines = result.out.splitlines()
    assert lines[0].startswith("digits_overflow.param: fp32, 500 samples, beside ncnn ")
    assert ["#", "layer", "type", "blob", "predicted", "dB", "real", "dB", "equal", "alone", "not", "finite"] == lines[
        2
    ].split()
    assert lines[-1].startswith("Fed what the engine fed them, ")
    assert "of 8 blobs have all the engine's bits" in lines[-1]


@NEEDS_NCNN
@pytest.mark.usefixtures("digits")
def test_made_up_weights(run: Runner) -> None:
    """With --weights the engine gets the same weights."""
    result = run("verify", "digits_overflow.param", "--weights", "random:3", "--precision", "fp32")
    assert (0, "") == (result.code, result.err)


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--engine", "arm64"), "maskctl: there is no arm64 engine: MASKCTL_ARM64_PYTHON is not set. "),
        (("--engine", "arm"), "Error: Invalid value for '--engine'"),
        (("--threads", "0"), "Error: Invalid value for '--threads'"),
    ],
)
def test_engines_that_are_not_there(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    """What is missing or misspelled is told, with exit status 2."""
    result = run("verify", *DIGITS, *arguments)
    assert (2, True) == (result.code, message in result.err)


@pytest.mark.usefixtures("digits")
def test_an_engine_that_dies(run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An engine that does not even start is told with what it said, with exit status 2."""
    launcher = tmp_path / "python"
    launcher.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'raise SystemExit(\"no ncnn here\")'\n", encoding="utf-8")
    launcher.chmod(0o755)
    monkeypatch.setenv(ARM64_PYTHON, str(launcher))
    result = run("verify", *DIGITS)
    assert 2 == result.code
    assert "maskctl: the engine does not start: " in result.err
    assert "ended with code 1: no ncnn here. Expected a Python that has the ncnn package" in result.err


@NEEDS_NCNN
@pytest.mark.usefixtures("digits")
def test_a_tolerance_that_is_no_number(run: Runner) -> None:
    """NaN as tolerance would let everything pass, and is refused."""
    result = run("verify", *DIGITS, "--tolerance", "nan", "--engine", "host")
    assert (2, "maskctl: --tolerance 'nan' is not a number. Expected dB, e.g. --tolerance 0.5.\n") == (
        result.code,
        result.err,
    )


def test_every_target_can_be_named() -> None:
    """The command line names the targets that there are, without importing them."""
    assert tuple(TARGETS) == TARGET_NAMES
