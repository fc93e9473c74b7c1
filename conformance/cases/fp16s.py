"""fp16 storage with fp32 sums, asked for by option or by mask."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import FEW, PROFILES, WITHOUT_BIG, Case, chain, convolution, inner_product

SUMS_IN_FP32 = "the engine sums in fp32, in an order of its own: now and then a sum rounds to the next fp16 value"


def _fp32_sums() -> Iterator[Case]:
    sums: tuple[tuple[str, tuple[str, ...], tuple[int, ...]], ...] = (
        ("gemm", chain(convolution(8, 10, 1, "")), (8, 3, 5)),
        ("direct", chain(convolution(8, 8, 3)), (8, 2, 7)),
        ("planes", chain(convolution(3, 8, 3)), (3, 3, 7)),
        ("packed of 3", chain(convolution(5, 3, 3, "4=1 9=1")), (5, 3, 5)),
        ("inner product of 10", chain(inner_product(50, 10)), (50,)),
        ("inner product of 8", chain(inner_product(50, 8)), (50,)),
        ("inner product of rows", chain(inner_product(16, 12)), (3, 16)),
        ("average pooling of 8", chain("Pooling 0=1 1=3 2=2"), (8, 4, 5)),
        ("average pooling of 3", chain("Pooling 0=1 1=3 2=2"), (3, 4, 5)),
    )
    for name, layers, shape in sums:
        masked = tuple(f"{line} 31=1" for line in layers)
        is_pooling = name.startswith("average")  # its fp32 sums are computed in the engine's order
        least, loose = (1.0, "") if is_pooling else (0.99, SUMS_IN_FP32)
        yield Case(f"31=1 {name}", masked, shape, PROFILES if is_pooling else WITHOUT_BIG, least=least, loose=loose)
        yield Case(
            f"fp16-storage {name}", layers, shape, FEW, "fp16-storage", least=least, loose=loose, data=f"31=1 {name}"
        )
    yield Case("31=1 max pooling of 3", chain("Pooling 0=0 1=3 2=2 31=1"), (3, 4, 5), FEW)
    yield Case("31=1 softmax", chain("Softmax 0=0 1=1 31=1"), (13,), FEW)
    yield Case("fp16-storage softmax", chain("Softmax 0=0 1=1"), (13,), FEW, "fp16-storage")


CASES = tuple(_fp32_sums())
