"""fp16 arithmetic: InnerProduct of vectors, maps and rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from conformance.case import (
    Case,
    chain,
    inner_product,
)

INNER_PRODUCTS: tuple[tuple[tuple[int, ...], int], ...] = (
    ((64,), 10), ((32,), 16), ((50,), 12), ((50,), 10), ((3,), 8), ((10,), 24), ((1,), 1), ((7,), 4), ((13,), 3),
    ((8, 2, 2), 10), ((12, 2, 3), 16), ((12, 1, 1), 10), ((3, 3, 3), 12), ((3, 3, 3), 10), ((2, 3, 4), 6), ((8, 3, 3), 4),
)  # fmt: skip

ROWS = ((3, 16, 8), (3, 16, 12), (3, 16, 10), (8, 12, 16), (8, 7, 10), (4, 5, 4), (4, 9, 3), (1, 8, 8), (12, 8, 20))
"""Rows, their elements, outputs."""


def _inner_products() -> Iterator[Case]:
    for shape, outputs in INNER_PRODUCTS:
        name = f"inner product {'x'.join(map(str, shape))}-{outputs}"
        yield Case(name, chain(inner_product(int(np.prod(shape)), outputs)), shape)
    for rows, inputs, outputs in ROWS:
        yield Case(
            f"inner product of {rows} rows {inputs}-{outputs}", chain(inner_product(inputs, outputs)), (rows, inputs)
        )
    yield Case("inner product of rows flattened", chain(inner_product(24, 8)), (3, 8))
    yield Case("inner product without bias", chain(inner_product(20, 8, bias=0), inner_product(8, 3, bias=0)), (20,))


CASES = tuple(_inner_products())
