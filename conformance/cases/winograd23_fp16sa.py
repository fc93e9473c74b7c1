"""fp16 arithmetic: winograd F(2,3), which one side of under 16 and one of over 128 channels have."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import FEW, Case, chain, convolution


def _winograd23() -> Iterator[Case]:
    for channels, outputs, size in (
        (8, 136, (2, 3)), (4, 129, (1, 2)), (12, 131, (2, 2)), (3, 130, (2, 2)), (15, 132, (1, 3)), (1, 129, (4, 4)),
        (136, 8, (3, 5)), (132, 4, (3, 5)), (129, 12, (2, 4)), (130, 3, (5, 5)), (135, 15, (2, 3)), (131, 1, (2, 6)),
    ):  # fmt: skip
        layers = chain(convolution(channels, outputs, 3))
        yield Case(f"winograd F(2,3) {channels}-{outputs}", layers, (channels, *size), FEW)
    for channels, outputs in ((136, 8), (132, 3)):
        layers = chain(convolution(channels, outputs, 3, "4=1 9=1"))
        yield Case(f"winograd F(2,3) {channels}-{outputs} with relu", layers, (channels, 2, 3), FEW)
    unpacked = chain(convolution(136, 8, 3))
    off = frozenset({"use_packing_layout"})
    yield Case("winograd F(2,3) unpacked", unpacked, (136, 2, 3), FEW, without=off)
    yield Case("winograd F(2,3) without bias", chain(convolution(136, 8, 3, bias=0)), (136, 2, 3), FEW)


CASES = tuple(_winograd23())
