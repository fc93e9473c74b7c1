"""MultiHeadAttention and SDPA: inputs of every kind, masks, heads that share keys, and rows around the blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from conformance.case import FEW, LARGE, PROFILES, Case
from conformance.cases.gemm import memory

_PROFILES = ("normal", "big", "special", "nan")

_SDPA: tuple[tuple[str, tuple[tuple[int, ...], ...], str], ...] = (
    ("one head", ((1, 5, 8), (1, 5, 8), (1, 5, 8)), ""),
    ("shared keys", ((4, 3, 8), (2, 6, 8), (2, 6, 5)), ""),
    ("scale", ((2, 7, 4), (2, 9, 4), (2, 9, 3)), "6=0.3"),
    ("one query", ((3, 1, 16), (3, 13, 16), (3, 13, 16)), "6=0.25"),
    ("one key", ((2, 4, 8), (2, 1, 8), (2, 1, 8)), ""),
    ("mask", ((2, 8, 8), (2, 12, 8), (2, 12, 8), (8, 12)), "5=1"),
    ("mask of one head", ((2, 3, 5), (1, 5, 5), (1, 5, 6), (1, 3, 5)), "5=1"),
    ("blobs of one head", ((5, 7), (6, 7), (6, 4)), ""),
    ("masks of heads", ((4, 2, 8), (2, 9, 8), (2, 9, 4), (4, 2, 9)), "5=1 6=0.2"),
)

_HEADS: tuple[tuple[str, tuple[tuple[int, ...], ...], str], ...] = (
    ("one blob", ((5, 12),), "0=12 1=3 2=144"),
    ("one blob of eight rows", ((8, 16),), "0=16 1=2 2=256"),
    ("one row", ((1, 8),), "0=8 1=2 2=64"),
    ("one head", ((4, 6),), "0=6 1=1 2=36 6=0.3"),
    ("queries of their own", ((3, 8), (9, 6)), "0=8 1=2 2=64 3=6 4=6"),
    ("all of their own", ((7, 10), (4, 8), (4, 5)), "0=12 1=4 2=120 3=8 4=5"),
    ("mask", ((6, 8), (6, 6)), "0=8 1=2 2=64 5=1"),
    ("masks of heads", ((2, 9), (5, 6), (2, 2, 5)), "0=6 1=2 2=54 3=6 4=6 5=1"),
)


_OTHER_HEADS: tuple[tuple[str, tuple[tuple[int, ...], ...], str], ...] = (
    ("many heads", ((9, 16),), "0=24 1=24 2=384 3=16 4=16"),
    ("a scale that follows from an odd width", ((33, 11), (9, 24)), "0=7 1=1 2=77 3=24 4=24"),
    ("odd rows and widths", ((13, 5), (11, 3), (11, 7), (13, 11)), "0=15 1=3 2=75 3=3 4=7 5=1"),
    ("one query of many keys", ((1, 12), (50, 12)), "0=12 1=2 2=144"),
)


def blocks_of_values() -> Iterator[Case]:
    """Every block of rows with every block of columns behind the probabilities, which bf16 storage leaves in fp32."""
    ways = [
        (f"{rows}x{width} values", ((2, rows, 7), (1, 13, 7), (1, 13, width), (rows, 13)), "5=1", PROFILES)
        for rows, width in product((1, 2, 3, 8), (1, 2, 3, 12))
    ]
    for about, shapes, words, profiles in (*ways, ("of many keys", ((1, 6, 20), (1, 400, 20), (1, 400, 9)), "", LARGE)):
        yield Case(f"bf16 SDPA {about}", _lines("SDPA", shapes, words), shapes[0], (*profiles, "wide"), "bf16")
    for about, given, words in _OTHER_HEADS:
        yield Case(
            f"bf16 MultiHeadAttention {about}", _lines("MultiHeadAttention", given, words), given[0], PROFILES, "bf16"
        )


def attentions(precision: str) -> Iterator[Case]:
    """Both types in one precision, `data` being the first input."""
    for kind, ways in (("SDPA", _SDPA), ("MultiHeadAttention", _HEADS)):
        for about, shapes, words in ways:
            yield Case(f"{precision} {kind} {about}", _lines(kind, shapes, words), shapes[0], _PROFILES, precision)
        about, shapes, words = ways[0]
        unpacked = frozenset({"use_packing_layout"})
        lines = _lines(kind, shapes, words)
        yield Case(f"{precision} {kind} without packing", lines, shapes[0], FEW, precision, without=unpacked)


def _lines(kind: str, shapes: Sequence[tuple[int, ...]], words: str) -> tuple[str, ...]:
    names = ["data", *(f"b{number}" for number in range(1, len(shapes)))]
    others = (memory(name, shape) for name, shape in zip(names[1:], shapes[1:], strict=True))
    return (*others, f"{kind} attention {len(names)} 1 {' '.join(names)} out {words}")


CASES = (
    *attentions("fp16"),
    *attentions("fp16-storage"),
    *attentions("bf16"),
    *blocks_of_values(),
    Case("31=1 SDPA", _lines("SDPA", _SDPA[1][1], "31=1"), _SDPA[1][1][0], FEW),
    Case("31=1 MultiHeadAttention", _lines("MultiHeadAttention", _HEADS[0][1], f"{_HEADS[0][2]} 31=1"), (5, 12), FEW),
)
