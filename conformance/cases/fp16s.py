"""fp16 storage with fp32 sums, asked for by option or by mask: what is neither a convolution nor an inner product."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import FEW, Case, chain


def _fp32_sums() -> Iterator[Case]:
    for channels in (8, 3):
        words, shape, name = "Pooling 0=1 1=3 2=2", (channels, 4, 5), f"average pooling of {channels}"
        yield Case(f"31=1 {name}", chain(f"{words} 31=1"), shape)
        yield Case(f"fp16-storage {name}", chain(words), shape, FEW, "fp16-storage", data=f"31=1 {name}")
    yield Case("31=1 max pooling of 3", chain("Pooling 0=0 1=3 2=2 31=1"), (3, 4, 5), FEW)
    yield Case("31=1 softmax", chain("Softmax 0=0 1=1 31=1"), (13,), FEW)
    yield Case("fp16-storage softmax", chain("Softmax 0=0 1=1"), (13,), FEW, "fp16-storage")


CASES = tuple(_fp32_sums())
