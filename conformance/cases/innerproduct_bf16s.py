"""bf16 storage: InnerProduct of vectors, maps and rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from conformance.case import ACTIVATIONS, FEW, Case, chain, inner_product
from conformance.cases.innerproduct_fp16sa import INNER_PRODUCTS, ROWS


def _inner_products() -> Iterator[Case]:
    for shape, outputs in INNER_PRODUCTS:
        name = f"bf16 inner product {'x'.join(map(str, shape))}-{outputs}"
        yield Case(name, chain(inner_product(int(np.prod(shape)), outputs)), shape, precision="bf16")
    for rows, inputs, outputs in ROWS:
        name = f"bf16 inner product of {rows} rows {inputs}-{outputs}"
        yield Case(name, chain(inner_product(inputs, outputs)), (rows, inputs), precision="bf16")
    yield Case("bf16 inner product of rows flattened", chain(inner_product(24, 8)), (3, 8), precision="bf16")
    without = chain(inner_product(20, 8, bias=0), inner_product(8, 3, bias=0))
    yield Case("bf16 inner product without bias", without, (20,), precision="bf16")
    for activation, words in ACTIVATIONS.items():
        for outputs in (8, 3):
            lines = chain(inner_product(17, outputs, words))
            yield Case(f"bf16 {activation} of inner product 17-{outputs}", lines, (17,), FEW, "bf16")
        rows_lines = chain(inner_product(9, 4, words))
        yield Case(f"bf16 {activation} of inner product of rows 9-4", rows_lines, (3, 9), FEW, "bf16")


CASES = tuple(_inner_products())
