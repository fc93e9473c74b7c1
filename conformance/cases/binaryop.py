"""BinaryOp in fp16, which computes in fp16 whatever bit 1 says: every function, every way of bringing two blobs together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import Case
from maskctl.layers.binaryop import NAMES

PROFILES = ("normal", "wide", "special", "infinite", "nan")
PAIRS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((5, 1, 7), (5, 1, 7)), ((5, 1, 7), (1,)), ((3, 3, 5), (3,)), ((3, 3, 5), (5,)), ((3, 3, 5), (3, 3)),
    ((3, 3, 5), (3, 1, 1)), ((3, 3, 5), (1, 3, 5)), ((3, 3, 5), (3, 1, 5)), ((3, 3, 5), (3, 3, 1)), ((3, 3, 5), (1, 1, 5)),
    ((3, 1, 5), (3, 3, 1)), ((8, 3, 5), (5,)), ((8, 3, 5), (8,)), ((8, 3, 5), (1, 3, 5)), ((8, 3, 5), (8, 1, 1)),
    ((8, 1, 1), (1, 3, 5)), ((12, 1, 3), (12,)), ((12, 1, 3), (3,)), ((3, 9), (3,)), ((3, 9), (9,)), ((3, 9), (1, 9)),
    ((3, 9), (3, 1)), ((8, 3), (8,)), ((8, 3), (3,)), ((8, 3), (1, 3)), ((22,), (22,)), ((22,), (1,)),
    ((3, 2, 3, 5), (3, 2, 1, 1)), ((3, 2, 3, 5), (3, 1, 1, 1)), ((3, 2, 3, 5), (3, 2, 3, 1)), ((3, 2, 3, 5), (5,)),
    ((3, 2, 3, 5), (3,)), ((3, 2, 3, 5), (3, 2)), ((3, 2, 3, 5), (3, 2, 3)), ((8, 2, 1, 3), (8, 2)), ((8, 2, 1, 3), (3,)),
)  # fmt: skip
"""A blob and the one it meets."""

SCALARS = (0.7, -1.3, 2049.0, 0.0, 2.0)
_APART = ("pow", "div", "rdiv", "floor_divide")
"""Functions of which vectors, scalar code and code with a fixed divisor give different results."""


def two_halves(number: int, more: str = "") -> tuple[str, ...]:
    """Lines that cut `data` in two along its outermost axis and join the halves."""
    return (f"Slice slice 1 2 data a b -23300=2,-233,-233{more}", f"BinaryOp op 2 1 a b out 0={number}{more}")


def memory(shape: tuple[int, ...], blob: str = "memory") -> str:
    """A line that gives a blob of that shape from the weights."""
    extents = [
        f"{key}={extent}"
        for key, extent in zip({4: (0, 1, 11, 2)}.get(len(shape), (0, 1, 2)), shape[::-1], strict=False)
    ]
    return f"MemoryData {blob} 0 1 {blob} {' '.join(extents)}"


def with_memory(number: int, shape: tuple[int, ...], *, first: bool) -> tuple[str, ...]:
    """Lines that join `data` and a blob of the weights, which may come first."""
    blobs = "memory data" if first else "data memory"
    return memory(shape), f"BinaryOp op 2 1 {blobs} out 0={number}"


def _functions() -> Iterator[Case]:
    for number, name in enumerate(NAMES):
        yield Case(f"{name} of 8x3x5", two_halves(number), (16, 3, 5), PROFILES, data="16x3x5")
        yield Case(f"{name} of 5x1x7", two_halves(number), (10, 1, 7), PROFILES, data="10x1x7")
        yield Case(f"31=1 {name} of 12x1x5", two_halves(number, " 31=1"), (24, 1, 5), ("wide", "nan"), data="24x1x5")
        yield Case(f"fp16-storage {name} of 22", two_halves(number), (44,), ("wide", "nan"), "fp16-storage", data="44")
        for scalar, shape in product(SCALARS, ((8, 1, 3), (3, 1, 5))):
            lines = (f"BinaryOp op 1 1 data out 0={number} 1=1 2={scalar}",)
            size = "x".join(map(str, shape))
            yield Case(f"{name} of {size} and {scalar}", lines, shape, ("wide", "special", "nan"), data=size)


def _pairs() -> Iterator[Case]:
    for (shape, other), name, first in product(PAIRS, _APART, (False, True)):
        if first and shape == other:
            continue
        sizes = ["x".join(map(str, extents)) for extents in ((other, shape) if first else (shape, other))]
        lines = with_memory(NAMES.index(name), other, first=first)
        yield Case(f"{name} of {sizes[0]} and {sizes[1]}", lines, shape, ("normal", "nan"))


CASES = (*_functions(), *_pairs())
