"""Gemm in fp16 arithmetic: every block of rows and columns, tiles, casts of weights, and every C."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import FEW, PROFILES, Case, chain

C_SHAPES = {"scalar": 0, "vector of rows": 1, "column": 2, "full": 3, "row": 4}
"""How a constant C is spread, by the number of parameter 10."""


def memory(name: str, shape: tuple[int, ...]) -> str:
    """A MemoryData line of an fp32 blob."""
    names = (0, 1, 11, 2) if len(shape) == 4 else (0, 1, 2)
    keys = " ".join(f"{key}={extent}" for key, extent in zip(names, reversed(shape), strict=False))
    return f"MemoryData {name} 0 1 {name} {keys}"


def constant_right(columns: int, terms: int, more: str = "10=-1") -> tuple[str, ...]:
    """One Gemm of `data` and a constant B given as N rows of K."""
    return chain(f"Gemm 2=0 3=1 4=0 5=1 6=1 8={columns} 9={terms} {more}")


def c_shape(kind: int, rows: int, columns: int) -> tuple[int, ...]:
    """The shape of a C that is an input, by the same numbers."""
    return ((1,), (rows,), (rows, 1), (rows, columns), (columns,))[kind]


Ways = Iterator[tuple[str, tuple[str, ...], tuple[int, ...]]]
"""Names, layers and shapes fed to them."""


def products(precision: str, profiles: tuple[str, ...] = PROFILES) -> Iterator[Case]:
    """Products in every way the parameters allow, in one precision."""
    for about, layers, shape in (*_blocks(), *_addends(), *_ways()):
        yield Case(f"{precision} gemm {about}", layers, shape, profiles, precision)
    unpacked = frozenset({"use_packing_layout"})
    layers = constant_right(8, 9)
    yield Case(f"{precision} gemm without packing", layers, (8, 9), FEW, precision, without=unpacked)
    yield Case(f"{precision} gemm of many terms", constant_right(10, 400), (2, 400), FEW, precision)


def _blocks() -> Ways:
    """Every block of rows with every block of columns, and counts of terms around the blocks of terms."""
    for rows, columns in ((8, 12), (8, 3), (4, 12), (4, 3), (15, 27), *product((2, 1), (12, 8, 4, 3))):
        yield f"{rows}x{columns}x19", constant_right(columns, 19, "10=4"), (rows, 19)
    for terms in (1, 4, 6, 8, 16, 40):
        yield f"7x15x{terms}", constant_right(15, terms), (7, terms)
    for more in ("22=8", "21=4", "20=8 21=8 22=8"):
        yield f"in tiles {more}", constant_right(25, 21, f"10=-1 {more}"), (9, 21)


def _addends() -> Ways:
    for kind, number in C_SHAPES.items():
        yield f"with constant {kind} C", constant_right(9, 11, f"7=5 10={number} 1=0.3"), (5, 11)
        lines = (memory("a", (5, 6)), memory("b", (6, 9)), "Gemm gemm 3 1 a b data out 0=1.7 1=-0.7")
        yield f"with {kind} C", lines, c_shape(number, 5, 9)


def _ways() -> Ways:
    """Which operands are constant, which are transposed, and how the result is laid out."""
    for left, right in product((0, 1), (0, 1)):
        flags = f"2={left} 3={right}"
        a, b = (11, 7) if left else (7, 11), (13, 11) if right else (11, 13)
        yield f"{flags} with constant B", chain(f"Gemm {flags} 5=1 6=1 8=13 9=11 10=-1"), a
        yield f"{flags} with constant A", chain(f"Gemm {flags} 4=1 6=1 7=7 9=11 10=-1"), b
        yield f"{flags} of inputs", (memory("b", b), f"Gemm gemm 2 1 data b out {flags}"), a
    yield "of constants", chain("Gemm 4=1 5=1 6=0 7=6 8=7 9=8"), (6, 7)
    for more in ("14=1", "11=1", "11=1 14=1", "12=1"):
        yield f"{more}", constant_right(8, 9, f"10=4 {more}"), (12, 9)
    yield "of a vector", constant_right(10, 9), (9,)
    yield "of a map", constant_right(10, 9), (5, 1, 9)


CASES = tuple(products("fp16"))
