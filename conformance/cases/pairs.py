"""fp16 arithmetic: one kernel behind another."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import Case, chain, convolution, inner_product


def _pairs() -> Iterator[Case]:
    yield Case("direct then inner product", chain(convolution(3, 8, 3), inner_product(48, 12)), (3, 2, 3))
    yield Case("four channels then inner product", chain(convolution(3, 12, 3), inner_product(72, 10)), (3, 2, 3))
    yield Case("pooling then softmax", chain("Pooling 0=1 4=1", "Softmax 0=0 1=1"), (10, 2, 2))
    yield Case("gemm then pooling", chain(convolution(8, 12, 1, "9=1"), "Pooling 0=0 1=3 2=2"), (8, 3, 5))
    behind = chain(*(convolution(8, 8, 1, mask) for mask in ("", "31=1")))
    yield Case("31=1 behind", behind, (8, 2, 3))


CASES = tuple(_pairs())
