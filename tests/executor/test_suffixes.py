"""Variants of a run, many in one pass: the bits of running each from scratch, with less work."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskctl.executor import suffixes
from maskctl.executor.policy import Policy
from maskctl.executor.run import count_of
from maskctl.executor.suffixes import LayerRun, Suffixes, Variant, identical, under
from maskctl.graph.model import Model
from maskctl.layers.base import Array, Arrays
from maskctl.numeric.formats import round_to
from tests.analysis.made import Network
from tests.executor.graphs import networks

FP32, FP16 = Policy("fp32"), Policy("fp16")


def inputs_of(samples: int, seed: int) -> dict[str, Array]:
    """Maps of four channels."""
    return {"data": np.random.default_rng(seed).standard_normal((samples, 4, 5, 3)).astype(np.float32)}


def base_runs(model: Model, inputs: dict[str, Array]) -> list[LayerRun]:
    """How each layer runs in fp32."""
    samples = count_of(inputs)
    steps = enumerate(FP32.steps(model))
    return [under(model, index, step, FP32.target, samples) for index, step in steps]


def lowered(model: Model, index: int, inputs: dict[str, Array]) -> LayerRun:
    """How one layer runs in fp16 when it is fed with fp32."""
    step = FP16.steps(model)[index]
    arrives = ("fp32",) * len(step.arrives)
    return under(model, index, replace(step, arrives=arrives), FP16.target, count_of(inputs))


def from_scratch(model: Model, inputs: dict[str, Array], runs: list[LayerRun], variant: Variant) -> dict[str, Array]:
    """All blobs of a whole run in which the variant's layers run differently."""
    blobs = dict(inputs)
    for op in model.operators:
        if op.layer.type != "Input":
            way = variant.get(op.layer.index, runs[op.layer.index])
            blobs.update(zip(op.layer.tops, way(tuple(blobs[name] for name in op.layer.bottoms)), strict=True))
    return blobs


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.data())
def test_brute_force_bit_for_bit(model: Model, data: st.DataObject) -> None:
    """On random graphs, whatever the variants, every blob has the bits of running the variant from scratch; never more work."""
    inputs = inputs_of(data.draw(st.integers(1, 3)), data.draw(st.integers(0, 99)))
    runs = base_runs(model, inputs)
    layers = [op.layer.index for op in model.operators if op.layer.type != "Input"]
    chosen = data.draw(st.lists(st.sets(st.sampled_from(layers), min_size=1, max_size=3), min_size=1, max_size=8))
    variants = [{index: lowered(model, index, inputs) for index in indices} for indices in chosen]
    base = from_scratch(model, inputs, runs, {})
    asked = data.draw(st.sampled_from([("*",), model.outputs]))
    found = Suffixes(model, base, runs)
    for variant, blobs in zip(variants, found.run(variants, asked), strict=True):
        whole = from_scratch(model, inputs, runs, variant)
        expected = [
            name for name in whole if not identical(whole[name], base[name]) and (asked == ("*",) or name in asked)
        ]
        assert expected == list(blobs)
        assert all(identical(whole[name], blobs[name]) for name in expected)
    assert found.effort.executions <= found.effort.naive == len(variants) * len(layers) * len(inputs["data"])


CHAIN = Network().convolution("a", "data", np.eye(4)).layer("ReLU b 1 1 a b").layer("Clip c 1 1 b c 0=0.0 1=0.5")


def counted(seen: list[int], run: LayerRun, inputs: Arrays) -> Arrays:
    """Notes how many samples a layer was called with."""
    seen.append(len(inputs[0]))
    return run(inputs)


def test_variants_share_a_pass() -> None:
    """Three variants of the first layer run through the next in one call of all their samples."""
    model, inputs, seen = CHAIN.model(), inputs_of(2, 0), list[int]()
    runs = base_runs(model, inputs)
    base = from_scratch(model, inputs, runs, {})
    runs[2] = partial(counted, seen, runs[2])
    variants = [{1: lambda _, by=by: (base["a"] + np.float32(by),)} for by in (1, 2, 3)]
    found = list(Suffixes(model, base, runs).run(variants, ["c"]))
    assert [3 * 2] == seen
    assert [["c"]] * 3 == [list(blobs) for blobs in found]


def test_a_difference_that_dies_out_ends_there() -> None:
    """What a ReLU swallows is not carried on: the layer behind it is not computed."""
    model, inputs = CHAIN.model(), {"data": np.full((1, 4, 1, 1), -1, np.float32)}
    runs = base_runs(model, inputs)
    found = Suffixes(model, from_scratch(model, inputs, runs, {}), runs)
    assert [{}] == list(found.run([{1: lambda values: (values[0] - 1,)}], ["c"]))
    assert (2, 3) == (found.effort.executions, found.effort.naive)


def test_each_sample_ends_by_itself() -> None:
    """Where one sample of two has died out, the layers behind run for the other alone, and the work counts samples."""
    model, seen = CHAIN.model(), list[int]()
    inputs = {"data": np.full((2, 4, 1, 1), -1, np.float32)}
    inputs["data"][1] = 0.1
    runs = base_runs(model, inputs)
    base = from_scratch(model, inputs, runs, {})
    runs[3] = partial(counted, seen, runs[3])
    found = Suffixes(model, base, runs)
    (blobs,) = found.run([{1: lambda values: (values[0] + np.float32(0.25),)}], ["c"])
    assert [1] == seen
    assert [[0.0], [np.float32(0.1) + np.float32(0.25)]] == blobs["c"][:, 0, :, 0].tolist()
    assert (2 + 2 + 1, 6) == (found.effort.executions, found.effort.naive)


def test_a_sign_of_zero_is_a_difference() -> None:
    """Bits are compared, not values: -0 differs from 0, and a NaN is like itself."""
    zeros = np.zeros((2, 3), np.float32)
    assert not identical(zeros, -zeros)
    assert identical(zeros * np.float32(np.nan), zeros * np.float32(np.nan))


@pytest.mark.parametrize("stacked", [1, 1 << 30])
def test_what_is_stacked_changes_nothing(monkeypatch: pytest.MonkeyPatch, stacked: int) -> None:
    """One variant a call or all of them in one: the same bits."""
    monkeypatch.setattr(suffixes, "_STACKED_BYTES", stacked)
    model, inputs = CHAIN.model(), inputs_of(2, 1)
    runs = base_runs(model, inputs)
    base = from_scratch(model, inputs, runs, {})
    variants = [{1: lambda values: (round_to(values[0], "bf16"),)}, {2: lambda values: (round_to(values[0], "fp16"),)}]
    for variant, blobs in zip(variants, Suffixes(model, base, runs).run(variants, ["c"]), strict=True):
        assert identical(from_scratch(model, inputs, runs, variant)["c"], blobs["c"])


def test_waves_keep_within_the_base_run() -> None:
    """Variants on their way at once hold no more than the base run: of many, some wait, and all are answered."""
    model, inputs = CHAIN.model(), inputs_of(1, 2)
    runs = base_runs(model, inputs)
    found = Suffixes(model, from_scratch(model, inputs, runs, {}), runs)
    variants = [{1: lambda values, by=by: (values[0] + np.float32(by),)} for by in range(9)]
    assert [4, 4, 1] == [len(wave) for wave in found._waves(variants)]
    assert 9 == len(list(found.run(variants, ["c"])))
