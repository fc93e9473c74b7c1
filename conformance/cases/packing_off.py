"""fp16 with channels one by one (`use_packing_layout` off) and without gemm (`use_sgemm_convolution` off): other kernels run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import ACTIVATIONS, FEW, LARGE, Case, chain, convolution, depthwise, inner_product

NO_PACKING = frozenset({"use_packing_layout"})
NO_GEMM = frozenset({"use_sgemm_convolution"})

_LAYERS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (convolution(8, 16, 1, ""), (8, 3, 5)),
    (convolution(24, 20, 3, "4=1 31=64"), (24, 2, 3)),
    (convolution(8, 8, 3, "4=1"), (8, 2, 7)),
    (convolution(8, 8, 3, "3=2 4=1"), (8, 3, 7)),
    (convolution(3, 8, 3, "4=1"), (3, 3, 5)),
    (convolution(4, 4, 3, "4=1"), (4, 3, 5)),
    (convolution(8, 12, 5, "4=2"), (8, 3, 5)),
    (convolution(3, 8, 7, "3=2 4=3"), (3, 5, 7)),
    (convolution(16, 16, 3), (16, 3, 7)),
    (convolution(16, 132, 3), (16, 2, 3)),
    (convolution(8, 8, 1, ""), (8,)),
    (depthwise(8, 3, "4=1"), (8, 3, 7)),
    (depthwise(12, 3, "3=2 4=1"), (12, 4, 7)),
    (depthwise(8, 5, "4=2"), (8, 3, 5)),
    (inner_product(21, 8), (21,)),
    (inner_product(21, 12), (21,)),
    (inner_product(32, 8), (8, 2, 2)),
    (inner_product(13, 8), (4, 13)),
    (inner_product(13, 8), (3, 13)),
    ("Pooling 0=0 1=3 2=2", (8, 4, 5)),
    ("Pooling 0=1 1=3 2=2 3=1", (8, 4, 5)),
    ("Pooling 0=1 1=3 2=2 3=1 6=1", (8, 4, 5)),
    ("Pooling 0=0 4=1", (8, 3, 5)),
    ("Pooling 0=1 4=1", (8, 3, 5)),
    *((f"Softmax 0={axis} 1=1", (8, 3, 6)) for axis in range(3)),
    *((f"Softmax 0={axis} 1=1", (8, 12)) for axis in range(2)),
)
_WITH_ACTIVATIONS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (convolution(8, 8, 1, ""), (8, 3, 3)),
    (convolution(8, 8, 3), (8, 3, 3)),
    (convolution(16, 4, 3), (16, 3, 3)),
    (depthwise(8, 3, "4=1"), (8, 3, 3)),
    (inner_product(20, 8), (20,)),
    (inner_product(20, 8), (3, 20)),
)


def _unpacked() -> Iterator[Case]:
    for (words, shape), precision in product(_LAYERS, ("fp16", "fp16-storage")):
        name = f"no packing {words} of {'x'.join(map(str, shape))}"
        profiles = ("normal",) if "0=132" in words else FEW if len(shape) < 3 else LARGE
        if precision == "fp16":
            yield Case(name, chain(words), shape, profiles, without=NO_PACKING)
        elif words.split()[0] != "Softmax" and "31=" not in words:
            yield Case(f"{name}, fp16-storage", chain(words), shape, FEW, precision, NO_PACKING, data=name)
    for (words, shape), (name, given) in product(_WITH_ACTIVATIONS, ACTIVATIONS.items()):
        layers, of = chain(f"{words} {given}"), f"no packing {words} of {'x'.join(map(str, shape))}"
        yield Case(f"{name}, {of}", layers, shape, LARGE, without=NO_PACKING, data=of)
    behind = chain(convolution(3, 8, 3), "Pooling 0=1 1=2 2=2", inner_product(32, 8), "Softmax 0=0 1=1")
    yield Case("no packing, four layers", behind, (3, 4, 4), FEW, without=NO_PACKING)


def _without_gemm() -> Iterator[Case]:
    for channels, outputs, kernel, more in (
        (8, 16, 1, ""),
        (24, 24, 3, "4=1 31=64"),
        (17, 20, 3, "3=2 4=1"),
        (20, 8, 2, ""),
        (16, 24, 5, "3=2 4=2"),
        (64, 4, 3, "3=2 4=1"),
    ):
        layers, shape = chain(convolution(channels, outputs, kernel, more)), (channels, 3, 5)
        name = f"no gemm {kernel}x{kernel} {channels}-{outputs} {more}".strip()
        yield Case(name, layers, shape, FEW, without=NO_GEMM)
        yield Case(f"{name}, no packing", layers, shape, FEW, without=NO_GEMM | NO_PACKING, data=name)


CASES = (*_unpacked(), *_without_gemm())
