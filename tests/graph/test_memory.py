"""What a pass takes, and the refusal of one that is too large."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from maskctl.errors import ExecutionError
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph import memory
from maskctl.graph.model import load
from tests.builders import operators_of, param_text

MAP = "Input data 0 1 data 0=10 1=10 2=4"


def test_live_bytes_of_a_chain() -> None:
    """In a chain two blobs live at a time, the bottom and the top of the layer that runs."""
    ops = operators_of(MAP, "Softmax a 1 1 data a", "Pooling p 1 1 a p 0=1 4=1", "Softmax b 1 1 p b")
    shapes = {"data": (4, 10, 10), "a": (4, 10, 10), "p": (4,), "b": (4,)}
    assert 2 * 1600 == memory.live_bytes(ops, shapes)


def test_tops_of_a_split_are_one_array() -> None:
    """A Split copies nothing, and its array lives until the last of its tops is read."""
    ops = operators_of(MAP, "Split s 1 2 data a b", "Softmax c 1 1 a c", "Concat d 2 1 b c d")
    shapes = dict.fromkeys(("data", "a", "b", "c"), (4, 10, 10)) | {"d": (8, 10, 10)}
    assert 1600 * 4 == memory.live_bytes(ops, shapes)


def test_weights_count_as_fp32() -> None:
    """Weights count four bytes an element, whatever they are stored as."""
    assert 4 * (6 + 2) == memory.weight_bytes(operators_of(MAP, "InnerProduct f 1 1 data f 0=2 1=1 2=6"))


def test_the_system_tells_what_is_left() -> None:
    """On a machine that tells, some memory is left for this test to run in."""
    left = memory.available_bytes()
    assert left is None or left > 1 << 20


def test_too_large_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass larger than the memory left is refused with the figures before anything is computed."""
    (tmp_path / "net.param").write_bytes(param_text(MAP, "InnerProduct f 1 1 data f 0=1000000 1=0 2=400000000"))
    model = load(tmp_path / "net.param", "random:1")
    monkeypatch.setattr(memory, "available_bytes", lambda: 1_000_000_000)
    with pytest.raises(ExecutionError) as caught:
        run(model, {"data": np.zeros((2, 4, 10, 10), np.float32)})
    assert str(caught.value).endswith(
        "net.param: a pass takes about 1.6 GB of memory (weights 1.6 GB, blobs of 2 samples 0.0 GB, as fp32), and 1.0 GB are "
        "left. Give a smaller input or fewer samples, or run it on a machine with more memory."
    )


def test_blobs_that_are_kept_count() -> None:
    """A blob that is asked for stays to the end; one that nobody needed reads is gone at once."""
    ops = operators_of(MAP, "Softmax a 1 1 data a", "Softmax b 1 1 a b", "Softmax c 1 1 b c")
    shapes = dict.fromkeys(("data", "a", "b", "c"), (4, 10, 10))
    assert [3 * 1600, 4 * 1600] == [
        memory.live_bytes(ops, shapes, keep) for keep in (["data"], ["data", "a", "b", "c"])
    ]
    split = operators_of(
        MAP, "Split s 1 2 data a b", "Pooling p 1 1 a p 0=1 4=1", "Softmax c 1 1 p c", "Softmax d 1 1 b d"
    )
    sizes = dict.fromkeys(("data", "a", "b"), (4, 10, 10)) | {"p": (4,), "c": (4,)}
    assert 1600 + 16 == memory.live_bytes(split[:-1], sizes, ["c"])


def test_a_chain_holds_two_blobs(tmp_path: Path) -> None:
    """A chain of thirty layers on a large map peaks near two blobs, as estimated; a branch nobody asked for holds none."""
    layers = [f"Sigmoid l{number} 1 1 b{number} b{number + 1}" for number in range(30)]
    lines = ["Input data 0 1 data", "Split s 1 2 data b0 other", *layers, "Softmax x 1 1 other aside"]
    (tmp_path / "net.param").write_bytes(param_text(*lines))
    (tmp_path / "net.bin").write_bytes(b"")
    model = load(tmp_path / "net.param")
    samples = {"data": np.ones((1, 16, 256, 256), np.float32)}
    size = samples["data"].nbytes
    run(model, samples, keep=["b30"])
    tracemalloc.start()
    try:
        run(model, samples, keep=["b30"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2.6 * size


def test_low_precision_takes_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In fp16 the copies that exact sums work on count too, and the message says so."""
    (tmp_path / "net.param").write_bytes(param_text("Input data 0 1 data", "Sigmoid s 1 1 data out"))
    (tmp_path / "net.bin").write_bytes(b"")
    model = load(tmp_path / "net.param")
    samples = {"data": np.zeros((1, 100_000), np.float32)}
    monkeypatch.setattr(memory, "available_bytes", lambda: 1_000_000)
    assert ["out"] == list(run(model, samples))
    with pytest.raises(ExecutionError, match=r"blobs and their copies in work of 1 sample 0\.0 GB"):
        run(model, samples, Policy("fp16"))
