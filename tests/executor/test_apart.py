"""One kind of loss at a time: what is rounded, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.executor import apart
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.suffixes import identical
from maskctl.layers.base import Array
from maskctl.numeric.formats import round_to
from tests.analysis.made import LEAKY, Network

FP16 = Policy("fp16")


def inputs_of(seed: int, channels: int = 3) -> dict[str, Array]:
    """Two maps."""
    return {"data": np.random.default_rng(seed).standard_normal((2, channels, 4, 5)).astype(np.float32)}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 999),
    st.sampled_from([1, 3]),
    st.sampled_from([1, 7, 130]),
    st.booleans(),
    st.sampled_from(["", "9=1", LEAKY]),
)
def test_int8_is_the_int8_layer(seed: int, size: int, channels: int, has_bias: bool, activation: str) -> None:  # noqa: FBT001 - drawn
    """A simulated int8 layer has the bits of the same model quantised: codes, scales and int8_scale_term in the file."""
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((4, channels, size, size)).astype(np.float32)
    bias = rng.standard_normal(4).astype(np.float32) if has_bias else None
    inputs = inputs_of(seed, channels)
    largest = float(np.abs(inputs["data"]).max())
    model = Network().convolution("conv", "data", weight, activation, bias).model()
    way = apart.in_int8(model, 1, {"data": largest})
    quantised = Network().convolution("conv", "data", weight, f"{activation} 8=2".strip(), bias)
    scales = np.float32(127) / np.abs(weight).reshape(4, -1).max(1)
    quantised.floats(*scales.tolist(), float(np.float32(127) / np.float32(largest)))
    expected = run(quantised.model(), inputs)["conv"]
    assert way is not None
    assert identical(expected, way((inputs["data"],))[0])


def test_layers_that_stay_as_they_are() -> None:
    """No int8 for pooling or for layers that are int8 already, no rounded weights where there are none."""
    network = Network().convolution("conv", "data", [[1.0]], "8=2").floats(127.0, 127.0)
    model = network.layer("Pooling pool 1 1 conv pool 0=1 4=1").model()
    steps = FP16.steps(model)
    assert [None, None] == [apart.in_int8(model, index, {"data": 1.0, "conv": 1.0}) for index in (1, 2)]
    assert apart.with_rounded_weights(model, 2, steps[2], FP16.target) is None


@pytest.mark.parametrize("stored", ["fp16", "bf16"])
def test_rounded_weights_and_blobs_by_hand(stored: str) -> None:
    """Weights alone: an exact product of the rounded weight. Blobs alone: the rounded product of the rounded input."""
    policy = Policy(stored)
    model = Network().convolution("conv", "data", [[1 / 3]]).model()
    step, values = policy.steps(model)[1], np.full((1, 1, 1, 1), 0.7, np.float32)
    weights = apart.with_rounded_weights(model, 1, step, policy.target)
    blobs = apart.with_rounded_blobs(model, 1, step, policy.target, 1)
    assert weights is not None
    assert blobs is not None
    third, rounded = np.full((1, 1, 1, 1), 1 / 3, np.float32), round_to(values, stored)
    assert identical(round_to(third, stored) * values, weights((values,))[0])
    assert identical(round_to(third * rounded, stored), blobs((values,))[0])
