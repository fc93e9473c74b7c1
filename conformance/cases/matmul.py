"""MatMul: every rank with every other, and matrices in every block of rows and columns."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import Case
from conformance.cases.gemm import memory

_SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((9,), (9,)), ((9,), (9, 4)), ((3, 9), (9,)), ((9,), (2, 9, 5)), ((2, 3, 9), (9,)),
    ((8, 12), (12, 16)), ((5, 9), (9, 15)), ((1, 17), (17, 13)), ((2, 8), (8, 3)),
    ((3, 5, 4), (3, 4, 7)), ((3, 5, 4), (1, 4, 7)), ((2, 4, 6), (6, 5)), ((4, 6), (2, 6, 5)),
    ((2, 3, 4, 5), (2, 3, 5, 6)), ((2, 1, 4, 5), (1, 3, 5, 6)), ((4, 5), (2, 2, 5, 6)),
)  # fmt: skip


def _products() -> Iterator[Case]:
    profiles = ("normal", "big", "special", "nan")
    for precision in ("fp16", "fp16-storage", "bf16"):
        for left, right in _SHAPES:
            name = f"{precision} matmul {'x'.join(map(str, left))} by {'x'.join(map(str, right))}"
            lines = (memory("m", right), "MatMul matmul 2 1 data m out")
            yield Case(name, lines, left, profiles, precision)
        swapped = (memory("m", (5, 9)), "MatMul matmul 2 1 m data out 0=1")
        yield Case(f"{precision} matmul 5x9 by 7x9 transposed", swapped, (7, 9), profiles, precision)
        swapped = (memory("m", (2, 5, 9)), "MatMul matmul 2 1 m data out 0=1")
        yield Case(f"{precision} matmul 2x5x9 by 2x6x9 transposed", swapped, (2, 6, 9), profiles, precision)


CASES = tuple(_products())
