"""Prediction beside reality, with an engine that is maskctl itself, disturbed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from maskctl.analysis.verify import verify
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model, load
from maskctl.layers.base import Array
from tests.cli.driver import SAMPLES

POLICY = Policy("fp16")


@pytest.fixture(scope="module")
def model() -> Model:
    """The sample model that loses little in fp16."""
    return load(SAMPLES / "digits.param")


@pytest.fixture(scope="module")
def inputs() -> Mapping[str, Array]:
    """Three images of noise."""
    return {"image": np.random.default_rng(5).standard_normal((3, 1, 8, 8), np.float32)}


def engine(model: Model, inputs: Mapping[str, Array], policy: Policy = POLICY) -> dict[str, Array]:
    """What an engine that is maskctl's equal gives."""
    found = run(model, inputs, policy, keep=["*"])
    return {name: np.array(found[name]) for name in found if name not in inputs}


def test_an_equal_engine(model: Model, inputs: Mapping[str, Array]) -> None:
    """Every blob is equal, free-running and alone; nothing parts and there are no findings."""
    found = verify(model, inputs, POLICY, engine(model, inputs))
    assert ({1.0}, {1.0}) == ({row.equal for row in found.rows}, {row.alone for row in found.rows})
    assert (None, ()) == (found.first_parting, found.findings)
    assert {0.0} == {row.difference_db for row in found.rows}


def test_the_first_layer_that_parts(model: Model, inputs: Mapping[str, Array]) -> None:
    """One changed element parts its own layer, and no layer behind it: those are fed what the engine fed them."""
    real = engine(model, inputs)
    changed = np.array(real["conv3"])
    changed[0, 0, 0, 0] += 1
    real = {**real, "conv3": changed}
    found = verify(model, inputs, POLICY, real)
    assert ["conv3", "conv4"] == [row.blob for row in found.rows if row.parts]
    assert found.first_parting is not None
    assert 1 - 1 / changed.size == found.first_parting.alone


def test_nan_of_the_engine_is_a_finding(model: Model, inputs: Mapping[str, Array]) -> None:
    """Elements that are not finite in the engine alone are told with their number and the layer."""
    real = engine(model, inputs)
    real["fc1"] = np.where(np.arange(real["fc1"].size).reshape(real["fc1"].shape) < 2, np.float32(np.nan), real["fc1"])
    found = verify(model, inputs, POLICY, real)
    size = real["fc1"].size
    told = f"#6 'fc1' (InnerProduct) is the first whose blob in the engine is not finite: 2 of {size:,} elements of 'fc1', "
    assert (told + "where 0 are predicted.",) == found.findings
    assert [False] == [row.same_non_finite for row in found.rows if row.blob == "fc1"]


def test_an_output_that_is_off(model: Model, inputs: Mapping[str, Array]) -> None:
    """An output whose real SQNR is not the predicted one is told with both."""
    real = {**engine(model, inputs), "prob": run(model, inputs)["prob"] * np.float32(1.01)}
    found = verify(model, inputs, POLICY, real)
    assert 1 == len(found.findings)
    assert found.findings[0].startswith("Output 'prob': ")
    assert found.findings[0].endswith("and the engine has 40.0 dB.")
    assert () == verify(model, inputs, POLICY, real, tolerance_db=100).findings


def test_a_crash_is_a_finding(model: Model, inputs: Mapping[str, Array]) -> None:
    """Blobs that did not come out have no figures; the layer at which the engine ended is named."""
    real = engine(model, inputs)
    before = {name: real[name] for name in ("conv1", "conv2")}
    found = verify(model, inputs, POLICY, before, failure="was killed by signal 11 (SIGSEGV)", failed_at="pool1")
    assert ("The engine was killed by signal 11 (SIGSEGV) at blob 'pool1' of #3 'pool1' (Pooling).",) == found.findings
    assert {"conv1", "conv2"} == {row.blob for row in found.rows if row.real is not None}


def test_an_unsafe_mask_is_a_finding(model: Model, inputs: Mapping[str, Array]) -> None:
    """A mask the engine does not honour is told even where the engine survived it."""
    policy = Policy("fp16", masks={4: 3})
    found = verify(model, inputs, policy, engine(model, inputs, policy))
    assert found.findings[0].startswith("The mask of #4 'conv3' (Convolution): its input 'pool1' arrives in fp16")
    assert not [row for row in found.rows if row.layer.index == 4 and row.parts]
