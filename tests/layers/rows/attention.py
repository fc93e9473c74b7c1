"""MultiHeadAttention, SDPA and RotaryEmbed: masks, caches, shared heads, int8, weights in blocks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from maskctl.numeric.formats import FloatArray
from tests.layers.row import EVERY, SAFE, SUMS, Made, Row, Shape

ATTENTION = (*SAFE, "denormal")
"""Logits of hundreds and more leave one key in each row, and which one the order of the sums decides."""


def masked(rng: np.random.Generator, _: str, shape: Shape) -> FloatArray:
    """A mask as models make them: 0, or so low that nothing is left; the first key of each row stays."""
    found = np.where(rng.random(shape) < 0.4, np.float32(-1e9), np.float32(0))
    found[..., 0] = 0
    return found.astype(np.float32)


def _row(words: str, inputs: tuple[Shape, ...], tops: int = 1, fed: Mapping[int, Made] | None = None) -> Row:
    return Row(words, inputs, tops, _profiles(words), SUMS, fed=fed or {})


def _profiles(words: str) -> tuple[str, ...]:
    """What is not finite stays out of SDPA and int8, where NaN vanishes in the x86 engine's own softmax and codes."""
    return ATTENTION if words.startswith("SDPA") or "18=" in words else (*ATTENTION, "special", "infinite", "nan")


SELF = (
    _row("MultiHeadAttention 0=8 1=1 2=64", ((5, 8),)),
    _row("MultiHeadAttention 0=12 1=3 2=144", ((7, 12),)),
    _row("MultiHeadAttention 0=64 1=4 2=4096", ((16, 64),)),
    _row("MultiHeadAttention 0=64 1=8 2=4096 6=0.2", ((1, 64),)),
    _row("MultiHeadAttention 0=12 1=2 2=120 3=10 4=10", ((7, 10),)),
    _row("MultiHeadAttention 0=768 1=12 2=589824", ((9, 768), (9, 768), (9, 768))),
)
CROSS = (
    _row("MultiHeadAttention 0=12 1=3 2=144", ((7, 12), (5, 12))),
    _row("MultiHeadAttention 0=12 1=3 2=108 3=5 4=6", ((7, 9), (4, 5), (4, 6))),
    _row("MultiHeadAttention 0=16 1=2 2=256 3=4 4=4", ((1, 16), (8, 4))),
    _row("MultiHeadAttention 0=16 1=2 2=256 6=1.0", ((8, 16), (1, 16), (1, 16))),
)
MASKED = (
    _row("MultiHeadAttention 0=12 1=3 2=144 5=1", ((7, 12), (7, 7))),
    _row("MultiHeadAttention 0=12 1=3 2=144 5=1", ((7, 12), (3, 7, 7)), fed={1: masked}),
    _row("MultiHeadAttention 0=16 1=4 2=256 5=1", ((8, 16), (12, 16), (8, 12)), fed={2: masked}),
    _row("MultiHeadAttention 0=16 1=4 2=256 5=1", ((8, 16), (5, 16), (5, 16), (4, 8, 5))),
)
CACHED = (
    _row("MultiHeadAttention 0=12 1=3 2=144 7=1", ((4, 12), (6, 12), (3, 8, 4), (3, 8, 4)), 3),
    _row("MultiHeadAttention 0=16 1=2 2=256 7=1", ((4, 16), (6, 16), (6, 16), (2, 3, 8), (2, 3, 8)), 3),
    _row("MultiHeadAttention 0=16 1=4 2=256 7=1", ((4, 16), (4, 8, 4), (4, 8, 4)), 3),
    _row("MultiHeadAttention 0=12 1=3 2=144 7=1", ((2, 12), (3, 5, 4), (3, 5, 4)), 3),
    _row("MultiHeadAttention 0=12 1=3 2=144 5=1 7=1", ((2, 12), (2, 7), (3, 5, 4), (3, 5, 4)), 3),
    _row("MultiHeadAttention 0=12 1=3 2=144 5=1 7=1", ((2, 12), (4, 12), (3, 2, 5), (3, 5, 4), (3, 5, 4)), 3),
    _row("MultiHeadAttention 0=12 1=3 2=144 5=1 7=1", ((2, 12), (4, 12), (4, 12), (2, 5), (3, 5, 4), (3, 5, 4)), 3),
)
INT8 = (
    _row("MultiHeadAttention 0=12 1=3 2=144 18=2", ((7, 12),)),
    _row("MultiHeadAttention 0=64 1=4 2=3200 3=30 4=20 18=2", ((8, 50), (5, 30), (5, 20))),
    _row("MultiHeadAttention 0=16 1=4 2=256 5=1 18=2", ((8, 16), (12, 16), (8, 12))),
    _row("MultiHeadAttention 0=12 1=3 2=144 7=1 18=2", ((2, 12), (3, 5, 4), (3, 5, 4)), 3),
)
BLOCKS = (
    _row("MultiHeadAttention 0=12 1=3 2=144 18=400", ((7, 12),)),
    _row("MultiHeadAttention 0=72 1=4 2=3600 3=40 4=33 18=411", ((5, 50), (4, 40), (4, 33))),
    _row("MultiHeadAttention 0=72 1=4 2=5184 5=1 18=601", ((5, 72), (5, 5))),
    _row("MultiHeadAttention 0=132 1=4 2=17424 7=1 18=612", ((2, 132), (4, 3, 33), (4, 3, 33)), 3),
    _row("MultiHeadAttention 0=34 1=2 2=1156 7=1 18=800", ((2, 34), (3, 34), (2, 3, 17), (2, 3, 17)), 3),
    _row("MultiHeadAttention 0=34 1=2 2=1156 5=1 7=1 18=811", ((2, 34), (2, 5), (2, 3, 17), (2, 3, 17)), 3),
)
SDPAS = (
    _row("SDPA", ((1, 5, 8), (1, 7, 8), (1, 7, 8))),
    _row("SDPA", ((4, 5, 8), (4, 7, 8), (4, 7, 6))),
    _row("SDPA 6=0.3", ((6, 5, 12), (2, 7, 12), (2, 7, 16))),
    _row("SDPA", ((6, 1, 64), (1, 9, 64), (1, 9, 64))),
    _row("SDPA 5=1", ((6, 5, 12), (2, 7, 12), (2, 7, 16), (5, 7))),
    _row("SDPA 5=1", ((6, 5, 12), (2, 7, 12), (2, 7, 16), (1, 5, 7)), fed={3: masked}),
    _row("SDPA 5=1 6=0.125", ((6, 8, 12), (2, 16, 12), (2, 16, 16), (6, 8, 16)), fed={3: masked}),
    _row("SDPA", ((5, 8), (7, 8), (7, 6))),
    _row("SDPA 18=2", ((4, 5, 8), (4, 7, 8), (4, 7, 6))),
    _row("SDPA 18=2 6=0.3", ((6, 5, 33), (2, 7, 33), (2, 7, 16))),
    _row("SDPA 18=2 5=1 7=1", ((4, 2, 8), (2, 2, 8), (2, 2, 6), (2, 7), (2, 5, 8), (2, 5, 6)), 3),
)


def _turned(words: str, inputs: tuple[Shape, ...]) -> Row:
    """Without huge values: the engine's fused multiply-add keeps apart infinities that meet here."""
    return Row(words, inputs, profiles=tuple(profile for profile in EVERY if profile != "huge"))


ROTATIONS = (
    _turned("RotaryEmbed 0=0", ((4, 5, 8), (5, 4), (5, 4))),
    _turned("RotaryEmbed 0=1", ((4, 5, 8), (5, 4), (5, 4))),
    _turned("RotaryEmbed 0=0", ((3, 7, 34), (7, 17), (7, 17))),
    _turned("RotaryEmbed 0=1", ((3, 7, 34), (7, 17), (7, 17))),
    _turned("RotaryEmbed 0=0", ((16, 1, 128), (1, 64), (1, 64))),
    _turned("RotaryEmbed 0=1", ((1, 3, 2), (3, 1), (3, 1))),
    _turned("RotaryEmbed 0=0", ((2, 3, 8), (5, 6), (4, 7))),
    _turned("RotaryEmbed", ((3, 8), (3, 4), (3, 4))),
    _turned("RotaryEmbed", ((8,), (4,), (4,))),
    _turned("RotaryEmbed 0=1", ((2, 3, 8), (2, 3, 4), (1, 3, 4))),
    # Angles for every element, as the caches of exported language models have them, and one more or less than that.
    _turned("RotaryEmbed 0=0", ((4, 5, 8), (5, 8), (5, 8))),
    _turned("RotaryEmbed 0=1", ((4, 5, 8), (5, 8), (5, 8))),
    _turned("RotaryEmbed 0=0", ((3, 7, 34), (8, 34), (7, 35))),
    _turned("RotaryEmbed 0=0", ((4, 5, 8), (5, 9), (5, 8))),
    _turned("RotaryEmbed 0=0", ((4, 5, 8), (5, 7), (5, 8))),
    _turned("RotaryEmbed 0=0", ((16, 1, 128), (1, 128), (1, 128))),
    _turned("RotaryEmbed 0=0", ((1, 3, 2), (3, 2), (3, 2))),
    _turned("RotaryEmbed", ((3, 8), (2, 3, 8), (3, 8))),
    _turned("RotaryEmbed", ((8,), (8,), (8,))),
)
MASKS_SPREAD = (
    _row("MultiHeadAttention 0=12 1=3 2=144 5=1", ((7, 12), (5, 12), (1, 5))),
    _row("MultiHeadAttention 0=12 1=3 2=144 5=1", ((7, 12), (5, 12), (7, 1))),
    _row("MultiHeadAttention 0=12 1=3 2=144 5=1", ((7, 12), (1, 7, 7))),
    _row("MultiHeadAttention 0=12 1=3 2=144 5=1 18=2", ((7, 12), (5, 12), (1, 1, 5))),
)
EMPTY = (
    _row("MultiHeadAttention 0=12 1=3 2=144 7=1", ((2, 12), (3, 0, 4), (3, 0, 4)), 3),
    _row("MultiHeadAttention 0=12 1=3 2=144 7=1", ((2, 12), (5, 12), (0,), (0,)), 3),
    _row("SDPA 7=1 18=2", ((4, 2, 8), (2, 2, 8), (2, 2, 6), (2, 0, 8), (2, 0, 6)), 3),
)


def _refused(words: str, inputs: tuple[Shape, ...], reason: str, why: str = "it is refused", tops: int = 3) -> Row:
    return Row(words, inputs, tops, SAFE, refused=reason, why=why)


OWN_CACHE = "the wheel keeps the cache in an order of its own, which the binding cannot show nor make"
PLAIN = "keys and values in plain order; test_kv_cache.py compares what comes of caches the engine made itself"
PACKED = "it divides by zero where it has packed the heads of a cache by four"
VERBATIM = "the cache is taken as it is, as with other numbers of heads"
REFUSED = (
    _refused("SDPA 7=1", ((4, 2, 8), (2, 2, 8), (2, 2, 6), (2, 5, 8), (2, 5, 6)), OWN_CACHE, PLAIN),
    _refused("SDPA 5=1 7=1", ((4, 1, 8), (2, 1, 8), (2, 1, 8), (1, 6), (2, 5, 8), (2, 5, 8)), OWN_CACHE, PLAIN),
    _refused("SDPA 7=1", ((5, 8), (7, 8), (7, 6), (3, 8), (3, 6)), OWN_CACHE, PLAIN),
    _refused("SDPA 7=1", ((4, 2, 8), (2, 2, 8), (2, 2, 6), (2, 0, 8), (2, 0, 6)), OWN_CACHE, PLAIN),
    _refused("MultiHeadAttention 0=16 1=4 2=256 7=1", ((4, 16), (6, 16), (4, 8, 4), (4, 8, 4)), PACKED, VERBATIM),
    _refused(
        "MultiHeadAttention 0=16 1=4 2=256 7=1", ((4, 16), (6, 16), (6, 16), (4, 3, 4), (4, 3, 4)), PACKED, VERBATIM
    ),
    _refused("MultiHeadAttention 0=12 1=3 2=144 7=1", ((2, 12), (12, 5), (12, 5)), "the layout of older versions"),
    _refused("SDPA 5=1", ((6, 5, 12), (2, 7, 12), (2, 7, 16), (1, 7)), "it reads past the end of the mask", tops=1),
    _refused("SDPA", ((5, 5, 12), (2, 7, 12), (2, 7, 16)), "it reads past the last group", tops=1),
    _refused("RotaryEmbed", ((2, 3, 8), (3, 8), (3, 4)), "it reads past the rows of the sines", tops=1),
    _refused("RotaryEmbed", ((2, 3, 7), (3, 3), (3, 3)), "it leaves the last element of each row undefined", tops=1),
)

ROWS = (
    *(SELF + CROSS + MASKED + MASKS_SPREAD + CACHED + EMPTY + INT8 + BLOCKS),
    *(SDPAS + ROTATIONS + REFUSED),
)
