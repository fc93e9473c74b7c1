"""Caches of keys and values that the engine fills itself: two calls behind each other, the first with an empty cache.

The engine keeps such a cache in an order of its own, so that only what comes of it can be compared.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.graph.weights import write_random
from maskctl.numeric.formats import FloatArray
from maskctl.param import parse
from maskctl.peers.ncnn_engine import NcnnEngine
from tests.layers.agreement import OPTIONS, SEED, agreement_db
from tests.layers.row import SUMS, Shape

NEEDS_NCNN = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
EMPTY = (0,)

CALLS: tuple[tuple[str, tuple[Shape, ...], tuple[Shape, ...]], ...] = (
    ("SDPA 7=1", ((4, 3, 8), (2, 3, 8), (2, 3, 6)), ((4, 2, 8), (2, 2, 8), (2, 2, 6))),
    ("SDPA 7=1", ((8, 20, 64), (8, 20, 64), (8, 20, 64)), ((8, 1, 64), (8, 1, 64), (8, 1, 64))),
    (
        "SDPA 5=1 6=0.0883883 7=1",
        ((16, 7, 128), (8, 7, 128), (8, 7, 128), (7, 7)),
        ((16, 1, 128), (8, 1, 128), (8, 1, 128), (1, 8)),
    ),
    ("SDPA 5=1 7=1", ((4, 3, 8), (2, 3, 8), (2, 3, 6), (4, 3, 3)), ((4, 2, 8), (2, 2, 8), (2, 2, 6), (4, 2, 5))),
    ("MultiHeadAttention 0=12 1=3 2=144 7=1", ((3, 12),), ((2, 12),)),
    ("MultiHeadAttention 0=64 1=4 2=4096 5=1 7=1", ((9, 64), (9, 9)), ((1, 64), (1, 10))),
    ("MultiHeadAttention 0=16 1=2 2=256 3=6 4=6 7=1", ((4, 16), (6, 6)), ((3, 16), (5, 6))),
    ("MultiHeadAttention 0=15 1=3 2=240 3=16 4=16 7=1", ((4, 16), (6, 16), (6, 16)), ((1, 16), (5, 16), (5, 16))),
)


def two_calls(words: str, inputs: int) -> str:
    """Two layers, the second of which reads the first one's cache."""
    kind, *rest = words.split()
    names = [f"{call}{number}" for call in "ab" for number in range(inputs)]
    lines = [f"Input {name} 0 1 {name}" for name in [*names, "keys", "values"]]
    for call, cache in (("a", "keys values"), ("b", "ak av")):
        bottoms = " ".join(f"{call}{number}" for number in range(inputs))
        lines.append(f"{kind} {call} {inputs + 2} 3 {bottoms} {cache} {call}out {call}k {call}v {' '.join(rest)}")
    return "\n".join(["7767517", f"{len(lines)} {len(names) + 8}", *lines, ""])


def inputs_of(first: tuple[Shape, ...], second: tuple[Shape, ...]) -> dict[str, FloatArray]:
    """Random inputs of two calls, two samples of each, and empty caches for the first."""
    rng = np.random.default_rng(SEED)
    shapes = {f"{call}{n}": shape for call, given in (("a", first), ("b", second)) for n, shape in enumerate(given)}
    shapes |= {"keys": EMPTY, "values": EMPTY}
    return {name: rng.standard_normal((2, *shape)).astype(np.float32) for name, shape in shapes.items()}


@NEEDS_NCNN
@pytest.mark.parametrize(("words", "first", "second"), CALLS)
def test_second_call_agrees_with_ncnn(
    words: str, first: tuple[Shape, ...], second: tuple[Shape, ...], tmp_path: Path
) -> None:
    """What the first call puts into the empty cache gives the same result in the second call here and there."""
    path = tmp_path / "two.param"
    path.write_text(two_calls(words, len(first)), encoding="utf-8")
    write_random(path.with_suffix(".bin"), operators(build(parse(path.read_bytes(), str(path)))), SEED)
    inputs = inputs_of(first, second)
    expected = NcnnEngine().run(path, path.with_suffix(".bin"), inputs, ("aout", "bout"), OPTIONS).blobs
    actual = run(load(path), inputs, keep=("aout", "bout"))
    assert all(agreement_db(expected[name], actual[name]) >= SUMS for name in ("aout", "bout"))
