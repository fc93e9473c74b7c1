"""Running a network: which blobs come back, what is seen on the way, and what an unsafe mask does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskctl.errors import ExecutionError, InputError
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model
from tests.builders import TAG_FP32_PLAIN, floats, tagged
from tests.executor.nets import convolution_weights, model_of

LAYERS = (
    "Input data 0 1 data",
    "Convolution first 1 1 data a 0=8 1=1 5=1 6=24",
    "Convolution second 1 1 a b 0=8 1=1 5=1 6=64",
    "Softmax prob 1 1 b out 0=0 1=1",
)
SAMPLES = {"data": np.random.default_rng(1).standard_normal((2, 3, 2, 3)).astype(np.float32)}


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """Two convolutions and a Softmax."""
    return model_of(tmp_path, *LAYERS, weights=convolution_weights(3, 8, 1, 1) + convolution_weights(8, 8, 1, 2))


def test_outputs_alone_come_back_by_default(model: Model) -> None:
    """Without `keep`, the trace holds the blobs that nobody reads."""
    assert ["out"] == list(run(model, SAMPLES))


@pytest.mark.parametrize(
    ("keep", "names"), [(["*"], ["data", "a", "b", "out"]), (["b", "data"], ["data", "b"]), ([], [])]
)
def test_the_blobs_asked_for_come_back(model: Model, keep: list[str], names: list[str]) -> None:
    """`keep` names the blobs of the trace, "*" all of them, in the order of computation."""
    assert names == list(run(model, SAMPLES, keep=keep))


def test_samples_do_not_touch_each_other(model: Model) -> None:
    """Running two samples at once gives the bits of running them one by one, in every precision."""
    for precision in ("fp16", "fp16-storage", "bf16"):
        together = run(model, SAMPLES, Policy(precision))["out"]
        alone = [run(model, {"data": SAMPLES["data"][[index]]}, Policy(precision))["out"] for index in (0, 1)]
        assert np.array_equal(np.concatenate(alone), together), precision


def test_an_unsafe_mask_gives_nan(model: Model) -> None:
    """Bit 2 on a layer whose input arrives in fp16 makes all its output NaN, and only from there on."""
    trace = run(model, SAMPLES, Policy("fp16", masks={2: 2}), keep=["*"])
    assert (False, True, True) == tuple(bool(np.isnan(trace[name]).all()) for name in ("a", "b", "out"))
    assert not np.isnan(trace["a"]).any()


def test_a_safe_mask_of_the_same_bit_does_not(model: Model) -> None:
    """Bit 2 on the first layer, whose input is fp32, gives that layer's fp32 result to the bit."""
    masked = run(model, SAMPLES, Policy("fp16", masks={1: 2}), keep=["a"])["a"]
    assert np.array_equal(run(model, SAMPLES, keep=["a"])["a"], masked)


def test_nan_of_fp16_passes_a_relu_in_fp32(tmp_path: Path) -> None:
    """Sums of opposite infinities in fp16 give NaN, and a masked convolution with ReLU behind a fence does not hide it."""
    layers = (
        "Input data 0 1 data",
        "Convolution large 1 1 data a 0=8 1=1 5=0 6=8",
        "Convolution cancelling 1 1 a b 0=8 1=1 5=0 6=64",
        "DeepCopy fence 1 1 b f",
        "Convolution relu 1 1 f out 0=8 1=1 5=0 6=64 9=1",
    )
    signs = np.where(np.arange(64) % 2, -1.0, 1.0)
    plain = [tagged(TAG_FP32_PLAIN, floats(*values)) for values in (np.full(8, 6e4), signs, np.ones(64))]
    model = model_of(tmp_path, *layers, weights=b"".join(plain))
    samples = {"data": np.full((1, 1, 2, 2), 4, np.float32)}
    trace = run(model, samples, Policy("fp16", masks={4: 2}), keep=["*"])
    assert (True, False, True, True) == (
        bool(np.isinf(trace["a"]).all()),
        bool(np.isnan(run(model, samples)["out"]).any()),
        bool(np.isnan(trace["b"]).all()),
        bool(np.isnan(trace["out"]).all()),
    )


def test_a_border_value_is_stored_as_blobs_are(tmp_path: Path) -> None:
    """In fp16 the value around a map is cast one by one: ties away from zero, subnormals to 0."""
    for value, kept in (("2049.0", 2050.0), ("0.00003", 0.0)):
        line = f"Convolution pad 1 1 data out 0=1 1=1 4=1 5=0 6=1 18={value}"
        model = model_of(tmp_path, "Input data 0 1 data", line, weights=b"\0\0\0\0\0\0\x80\x3f")
        for precision in ("fp16", "fp16-storage"):
            out = run(model, {"data": np.ones((1, 1, 1, 1), np.float32)}, Policy(precision))["out"]
            assert (kept, 1.0) == (out[0, 0, 0, 0], out[0, 0, 1, 1])


def test_a_missing_input_is_named(model: Model) -> None:
    """Without an input blob the message names it."""
    with pytest.raises(InputError) as caught:
        run(model, {})
    assert f"{model.graph.path}: no input for blob 'data'. Give an array for each of: data." == str(caught.value)


def test_a_layer_that_does_not_fit_is_named(model: Model) -> None:
    """An input with the wrong channels is reported with the layer that cannot take it."""
    with pytest.raises(ExecutionError) as caught:
        run(model, {"data": np.zeros((1, 4, 2, 2), np.float32)})
    assert str(caught.value).endswith(
        "net.param:4: #1 'first' (Convolution): the input has 4 channels. Its weight is for 3."
    )


def test_mish_in_every_arithmetic(tmp_path: Path) -> None:
    """A built-in mish is run in fp32, and in fp16 arithmetic to the fp16 value next to it."""
    line = "Convolution c 1 1 data out 0=1 1=1 5=0 6=1 9=5"
    model = model_of(tmp_path, "Input data 0 1 data", line, weights=b"\0\0\0\0\0\0\x80\x3f")
    samples = {"data": np.ones((1, 1, 1, 1), np.float32)}
    assert 0.8650984 == pytest.approx(float(run(model, samples)["out"][0, 0, 0, 0]), rel=1e-6)
    assert 0.8650984 == pytest.approx(float(run(model, samples, Policy("fp16"))["out"][0, 0, 0, 0]), rel=2**-10)
