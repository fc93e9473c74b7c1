"""Cast: between the types of a blob's elements, here and in the real engine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from maskctl.errors import ExecutionError, UnsupportedError
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.layers import Params, find
from maskctl.numeric.formats import FloatArray, same_bits
from maskctl.peers.ncnn_engine import NcnnEngine
from maskctl.targets import PRECISIONS

NEEDS_NCNN = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
EDGES = (2049, -2049, 1e-5, 1e-7, 65520, 65519, -1e30, 1 / 3, np.inf, np.nan, 0.1, 6e-8, 3e-8, -0.0, 2051, 1 + 2**-11)
"""Ties, numbers around the smallest and the largest of fp16, and what is not finite."""


def there_and_back(shape: tuple[int, ...], kind: int, folder: Path) -> tuple[Path, FloatArray]:
    """A network that casts to a type of 16 bits, which the engine's binding does not show as it is, and back."""
    path = folder / "casts.param"
    path.write_text(
        f"7767517\n3 3\nInput data 0 1 data\nCast to 1 1 data half 0=1 1={kind}\nCast back 1 1 half out 0={kind} 1=1\n",
        encoding="utf-8",
    )
    path.with_suffix(".bin").touch()
    values = np.random.default_rng(5).permuted(np.resize(np.array(EDGES, np.float32), (3, int(np.prod(shape)))), axis=1)
    return path, values.reshape(3, *shape)


@NEEDS_NCNN
@pytest.mark.parametrize(
    "shape",
    [(1,), (7,), (16,), (3, 5), (8, 3), (5, 1, 3), (3, 1, 1), (4, 1, 3), (12, 3, 3), (3, 2, 3, 5), (8, 1, 1, 3)],
)
def test_fp16_as_the_engine_rounds(shape: tuple[int, ...], tmp_path: Path) -> None:
    """Groups of four round to nearest even, the rest of each channel one by one; nothing is lost on the way back."""
    path, samples = there_and_back(shape, 2, tmp_path)
    run_there = NcnnEngine().run(path, path.with_suffix(".bin"), {"data": samples}, ["out"], PRECISIONS["fp32"])
    assert same_bits(run_there.blobs["out"], run(load(path), {"data": samples})["out"]).all()


@NEEDS_NCNN
def test_bf16_keeps_what_it_can_hold(tmp_path: Path) -> None:
    """Values of bf16 come through both engines as they are; how others round depends on the processor."""
    path, samples = there_and_back((8, 3, 3), 4, tmp_path)
    held = (samples.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    held = np.where(np.isnan(held), np.float32(1.5), held)
    run_there = NcnnEngine().run(path, path.with_suffix(".bin"), {"data": held}, ["out"], PRECISIONS["fp32"])
    assert same_bits(held, run_there.blobs["out"]).all()
    assert same_bits(held, run(load(path), {"data": held})["out"]).all()


def test_bf16_rounds_to_nearest_even() -> None:
    """A tie goes to the even neighbour."""
    kind = find("Cast")
    assert kind is not None
    values = np.array([[1 + 2**-8, 1 + 2**-8 + 2**-7, 1.005]], np.float32)
    (found,) = kind.forward(Params(kind.params, {0: 1, 1: 4}), {}, (values,))
    assert [1.0, 1.015625, 1.0078125] == found[0].tolist()


def test_int8_to_fp32() -> None:
    """Codes become the floats of their value."""
    kind = find("Cast")
    assert kind is not None
    codes = np.arange(-128, 128, dtype=np.int8).reshape(2, -1)
    (found,) = kind.forward(Params(kind.params, {0: 3, 1: 1}), {}, (codes,))
    assert np.float32 == found.dtype
    assert (codes == found).all()


@pytest.mark.parametrize(("before", "after"), [(3, 1), (2, 1), (4, 1)])
def test_blobs_of_another_type_are_refused(before: int, after: int) -> None:
    """Where the engine would read bytes or halves of fp32, maskctl says so."""
    kind = find("Cast")
    assert kind is not None
    with pytest.raises(ExecutionError):
        kind.forward(Params(kind.params, {0: before, 1: after}), {}, (np.full((1, 3), 1 / 3, np.float32),))


@pytest.mark.parametrize("words", ["0=1 1=3", "0=0 1=2", "0=2 1=4", "0=3 1=2", "0=1 1=9"])
def test_casts_the_engine_does_not_compute_are_named(words: str, tmp_path: Path) -> None:
    """A cast the engine leaves undefined is an unsupported layer, with its types in the message."""
    path = tmp_path / "casts.param"
    path.write_text(f"7767517\n2 2\nInput data 0 1 data\nCast to 1 1 data out {words}\n", encoding="utf-8")
    path.with_suffix(".bin").touch()
    with pytest.raises(UnsupportedError, match="cast"):
        load(path)
