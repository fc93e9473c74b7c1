"""Replays: the answers of whole runs for other masks, with less work."""

from __future__ import annotations

import numpy as np
import pytest

from maskctl.executor.policy import Policy
from maskctl.executor.replay import Replay
from maskctl.executor.run import run
from maskctl.graph.model import Model
from maskctl.numeric.formats import FloatArray
from tests.executor.nets import convolution_weights, model_of

LAYERS = (
    "Input data 0 1 data",
    "Convolution stem 1 1 data a 0=8 1=3 4=1 5=1 6=216 9=1",
    "Split split 1 2 a a0 a1",
    "Convolution left 1 1 a0 l 0=8 1=1 5=1 6=64",
    "Convolution right 1 1 a1 r 0=24 1=3 4=1 5=1 6=1728",
    "Concat join 2 1 l r j 0=0",
    "Pooling pool 1 1 j p 0=1 4=1",
    "Softmax prob 1 1 p out 0=0 1=1",
)
INPUTS = {"data": np.random.default_rng(2).standard_normal((2, 3, 5, 6)).astype(np.float32)}
MASKED = (1, 3, 4, 6)
PRECISIONS = ("fp16", "fp16-storage", "bf16", "fp32")
ROOM = 1 << 20


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Two branches and what joins them."""
    shapes = ((3, 8, 3), (8, 8, 1), (8, 24, 3))
    weights = b"".join(convolution_weights(*shape, seed=seed) for seed, shape in enumerate(shapes))
    return model_of(tmp_path_factory.mktemp("net"), *LAYERS, weights=weights)


def bits(blobs: FloatArray) -> list[int]:
    """The elements as integers, signs of zeros included; every NaN is the same."""
    # numpy leaves the sign of a NaN to the instruction at hand: every NaN counts as the same.
    same_nan = np.where(np.isnan(blobs), np.float32(np.nan), blobs)
    found: list[int] = np.ascontiguousarray(same_nan).view(np.uint32).ravel().tolist()
    return found


@pytest.mark.parametrize(("precision", "room"), [*((name, ROOM) for name in PRECISIONS), ("fp16", 0), ("fp16", 9000)])
def test_a_replay_is_a_whole_run_to_the_bit(model: Model, precision: str, room: int) -> None:
    """Under random masks, unsafe ones included, every blob has the bits of a run from scratch, however few blobs are kept."""
    rng = np.random.default_rng(4)
    replay = Replay(model, INPUTS, Policy(precision), room=room)
    replay.run({})
    for _ in range(25):
        masks = {int(index): int(rng.choice([0, 1, 2, 4, 64, 96])) for index in rng.choice(MASKED, 2, replace=False)}
        whole = run(model, INPUTS, Policy(precision, masks=masks), keep=["*"])
        replayed = replay.run(masks)
        assert {name: bits(whole[name]) for name in whole} == {name: bits(replayed[name]) for name in replayed}, masks


def test_the_policys_own_masks_stay(model: Model) -> None:
    """Masks of the policy hold in every replay unless a replay changes them."""
    policy = Policy("fp16", masks={4: 64})
    replay = Replay(model, INPUTS, policy)
    replay.run({})
    whole = run(model, INPUTS, Policy("fp16", masks={4: 64, 3: 1}))
    assert bits(whole["out"]) == bits(replay.run({3: 1})["out"])


def test_only_what_can_differ_is_computed(model: Model) -> None:
    """A mask on one branch computes that branch and what is behind it, not the stem and the other branch."""
    replay = Replay(model, INPUTS, Policy("fp16"))
    replay.run({})
    before = replay.executions
    replay.run({4: 64})
    assert 4 == replay.executions - before


def test_a_mask_that_changes_nothing_dies_out(model: Model) -> None:
    """Where a layer's result keeps its bits, nothing behind it is computed again: here bit 32 on a 1x1 convolution."""
    replay = Replay(model, INPUTS, Policy("fp16"))
    replay.run({})
    before = replay.executions
    replay.run({3: 32})
    assert 1 == replay.executions - before


def test_no_mask_computes_nothing(model: Model) -> None:
    """The base run is answered from memory."""
    replay = Replay(model, INPUTS, Policy("fp16"))
    first = replay.run({})
    before = replay.executions
    assert bits(first["out"]) == bits(replay.run({})["out"])
    assert 0 == replay.executions - before


def test_what_a_trial_computed_is_known(model: Model) -> None:
    """A trial computes what is behind the first layer that it changes in every trial before, and nothing when it comes again."""
    replay = Replay(model, INPUTS, Policy("fp16"))
    counts = []
    for masks in ({}, {1: 1}, {1: 1, 6: 1}, {1: 1, 3: 1, 6: 1}, {1: 1, 6: 1}, {3: 1, 6: 1}):
        before = replay.executions
        whole = run(model, INPUTS, Policy("fp16", masks=masks), keep=["*"])
        replayed = replay.run(masks)
        assert {name: bits(whole[name]) for name in whole} == {name: bits(replayed[name]) for name in replayed}
        counts.append(replay.executions - before)
    assert [7, 7, 1, 4, 0, 4] == counts  # a pool of the largest gives the same under bit 1


def test_what_was_let_go_is_made_again(model: Model) -> None:
    """Without room for the blobs of trials only those are made again that are read: answers are known without them."""
    replay = Replay(model, INPUTS, Policy("fp16"), room=0)
    replay.run({})
    replay.run({1: 1})
    before = replay.executions
    found, finite = replay.look({1: 1}, [])
    assert ([], True, 0) == ([*found], all(finite.values()), replay.executions - before)
    replay.look({1: 1, 4: 64}, ["out"])
    assert 7 == replay.executions - before


def test_what_is_wanted(model: Model) -> None:
    """Only the blobs that are wanted are given, of those that are not finite too, and of all it is told whether they are."""
    whole = Replay(model, INPUTS, Policy("fp16"), remember=False)
    for replay in (Replay(model, INPUTS, Policy("fp16")), whole):
        found, finite = replay.look({4: 2}, ["out"])
        assert (["out"], {"r", "j", "p", "out"}) == (
            [*found],
            {name for name, is_finite in finite.items() if not is_finite},
        )


def test_without_memory_every_run_is_whole(model: Model) -> None:
    """With `remember` off the answers are the same and each run computes all layers but the Input."""
    replay = Replay(model, INPUTS, Policy("fp16"), remember=False)
    replay.run({})
    before = replay.executions
    whole = run(model, INPUTS, Policy("fp16", masks={4: 1}))
    assert bits(whole["out"]) == bits(replay.run({4: 1})["out"])
    assert len(LAYERS) - 1 == replay.executions - before


def test_a_first_run_with_masks(model: Model) -> None:
    """A first run with masks takes no other, and what differs without them is computed."""
    replay = Replay(model, INPUTS, Policy("fp16"))
    replay.run({4: 1})
    assert len(LAYERS) - 1 == replay.executions
    assert bits(run(model, INPUTS, Policy("fp16"))["out"]) == bits(replay.run({})["out"])
