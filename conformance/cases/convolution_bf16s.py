"""bf16 storage: convolutions by every kernel, and all their borders."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import ACTIVATIONS, FEW, LARGE, PROFILES, Case, chain, convolution

_CONVOLUTIONS: tuple[tuple[str, int, int, int, tuple[int, int], str], ...] = (
    # gemm: pixels in groups of 4, 2 and 1, outputs in blocks of 8, 4, 2 and 1, terms in fours, a pair and a single one
    ("gemm 1x1 8-16", 8, 16, 1, (3, 5), ""),
    ("gemm 1x1 12-10", 12, 10, 1, (3, 3), ""),
    ("gemm 1x1 7-5", 7, 5, 1, (3, 5), ""),
    ("gemm 1x1 6-3", 6, 3, 1, (1, 7), ""),
    ("gemm 1x1 9-15", 9, 15, 1, (1, 3), ""),
    ("gemm 1x1 s2 8-8", 8, 8, 1, (3, 5), "3=2"),
    ("gemm 1x1 pad 16-9", 16, 9, 1, (2, 2), "4=1"),
    ("gemm 1x1 31=32", 8, 8, 1, (2, 3), "31=32"),
    ("gemm 3x3 24-24 31=64", 24, 24, 3, (2, 3), "4=1 31=64"),
    ("gemm 3x3 17-5 31=64", 17, 5, 3, (2, 3), "4=1 31=64"),
    ("gemm 3x3 12-20 31=64", 12, 20, 3, (2, 2), "4=1 31=64"),
    ("gemm 3x3 s2 20-36", 20, 36, 3, (3, 3), "3=2 4=1"),
    ("gemm 2x2 17-4", 17, 4, 2, (2, 4), ""),
    # hand-written
    *((f"direct 3x3 4-4 s2 width {width}", 4, 4, 3, (3, 2 * width), "3=2 4=1") for width in (4, 5, 6, 7)),
    ("direct 3x3 12-8 s2", 12, 8, 3, (5, 11), "3=2 4=1"),
    *((f"direct 5x5 4-4 width {width}", 4, 4, 5, (2, width), "4=2") for width in (4, 5, 6, 7)),
    ("direct 5x5 8-12", 8, 12, 5, (2, 3), "4=2"),
    ("direct 5x5 4-4 s2", 4, 4, 5, (3, 15), "3=2 4=2"),
    ("direct 5x5 8-8 s2", 8, 8, 5, (3, 6), "3=2 4=2"),
    ("planes 3x3 1-4", 1, 4, 3, (3, 5), "4=1"),
    ("planes 3x3 3-4", 3, 4, 3, (3, 15), "4=1"),
    ("planes 3x3 3-8 31=64", 3, 8, 3, (3, 7), "4=1 31=64"),
    ("planes 3x3 3-8 s2", 3, 8, 3, (4, 7), "3=2 4=1"),
    ("planes 3x3 7-12 s2", 7, 12, 3, (4, 15), "3=2 4=1"),
    ("planes 7x7 3-8 s2", 3, 8, 7, (5, 9), "3=2 4=3"),
    ("planes 7x7 1-4 s2", 1, 4, 7, (5, 15), "3=2 4=3"),
    # winograd
    ("winograd F(6,3) 16-16", 16, 16, 3, (3, 5), "4=1"),
    ("winograd F(6,3) 8-8", 8, 8, 3, (7, 8), "4=1"),
    ("winograd F(6,3) 3-16", 3, 16, 3, (3, 7), "4=1"),
    ("winograd F(6,3) 16-3", 16, 3, 3, (3, 7), "4=1"),
    ("winograd F(6,3) 18-12", 18, 12, 3, (2, 3), "4=1"),
    ("winograd F(6,3) 9-13", 9, 13, 3, (2, 13), "4=1"),
    ("winograd F(4,3) 8-129", 8, 129, 3, (2, 2), "4=1"),
    ("winograd F(4,3) 10-130", 10, 130, 3, (2, 5), "4=1"),
    ("winograd F(4,3) 132-8", 132, 8, 3, (3, 4), "4=1"),
    ("winograd F(2,3) 4-132", 4, 132, 3, (2, 2), "4=1"),
    ("winograd F(2,3) 3-130", 3, 130, 3, (2, 3), "4=1"),
    ("winograd F(2,3) 130-3", 130, 3, 3, (2, 3), "4=1"),
    # packed
    ("packed 3x3 8-12 31=64", 8, 12, 3, (3, 5), "4=1 31=64"),
    ("packed 3x3 4-4", 4, 4, 3, (3, 5), "4=1"),
    ("packed 5x5 3-8", 3, 8, 5, (3, 5), "4=2"),
    ("packed 3x3 4-3", 4, 3, 3, (3, 5), "4=1"),
    ("packed 3x3 8-3 31=64", 8, 3, 3, (3, 5), "4=1 31=64"),
    ("packed 3x3 3-3", 3, 3, 3, (3, 5), "4=1"),
    ("packed 3x3 1-1", 1, 1, 3, (3, 5), "4=1"),
    ("packed 3x3 5-2", 5, 2, 3, (3, 5), "4=1"),
    ("packed 3x3 7-7", 7, 7, 3, (3, 5), "4=1"),
    ("packed 3x3 13-14 31=64", 13, 14, 3, (2, 3), "4=1 31=64"),
    ("packed 3x3 15-6 dilation 2", 15, 6, 3, (3, 4), "2=2 4=2"),
    ("packed 3x3 20-12 31=96", 20, 12, 3, (2, 3), "4=1 31=96"),
    ("packed 2x2 8-8", 8, 8, 2, (3, 5), ""),
    ("packed 3x1 8-8", 8, 8, 3, (3, 5), "11=1 4=1 14=0"),
    ("packed 1x3 4-6", 4, 6, 1, (3, 5), "11=3 4=0 14=1"),
    ("packed 3x3 8-8 s1x2", 8, 8, 3, (3, 5), "3=1 13=2 4=1"),
    # borders
    ("border larger than the kernel", 4, 4, 3, (2, 2), "4=4"),
    ("border of 0 to 3", 8, 4, 3, (3, 4), "4=1 15=2 14=0 16=3"),
    ("border SAME_UPPER", 8, 8, 3, (3, 6), "3=2 4=-233"),
    ("border SAME_LOWER", 8, 8, 3, (3, 6), "3=2 4=-234"),
    ("border SAME_UPPER 2x2", 3, 4, 2, (3, 4), "4=-233"),
    ("border of value 0.3", 4, 4, 3, (2, 4), "4=1 18=0.3"),
    ("border of value 0.3, planes", 3, 8, 3, (2, 4), "4=1 18=0.3"),
)


def _convolutions() -> Iterator[Case]:
    for name, channels, outputs, kernel, size, more in _CONVOLUTIONS:
        profiles = PROFILES if max(channels, outputs) * size[0] * size[1] < 60 else LARGE
        yield Case(
            f"bf16 {name}", chain(convolution(channels, outputs, kernel, more)), (channels, *size), profiles, "bf16"
        )
    yield Case("bf16 direct 3x3 s2 without bias", chain(convolution(8, 8, 3, "3=2", bias=0)), (8, 5, 7), FEW, "bf16")
    yield Case("bf16 packed 3x3 5-6 without bias", chain(convolution(5, 6, 3, bias=0)), (5, 2, 3), FEW, "bf16")
    yield Case("bf16 winograd without bias", chain(convolution(8, 6, 3, bias=0)), (8, 2, 3), FEW, "bf16")
    for channels, outputs in ((8, 10), (12, 16), (7, 4)):
        lines = chain(convolution(channels, outputs, 1, ""))
        yield Case(f"bf16 gemm of a vector {channels}-{outputs}", lines, (channels,), precision="bf16")
    for activation, words in ACTIVATIONS.items():
        for name, channels, outputs, more in (("gemm", 20, 12, "31=64"), ("packed", 5, 3, ""), ("packed", 4, 4, "")):
            lines = chain(convolution(channels, outputs, 3, f"4=1 {more} {words}"))
            yield Case(f"bf16 {activation} of {name} {channels}-{outputs}", lines, (channels, 2, 3), FEW, "bf16")


CASES = tuple(_convolutions())
