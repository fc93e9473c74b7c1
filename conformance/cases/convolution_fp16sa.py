"""fp16 arithmetic: convolutions by every kernel, and all their borders."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import FEW, LARGE, PROFILES, Case, chain, convolution

_CONVOLUTIONS: tuple[tuple[str, int, int, int, tuple[int, int], str], ...] = (
    # one accumulator: gemm, and what is written by hand for one to four input planes
    ("gemm 1x1 8-16", 8, 16, 1, (3, 3), ""),
    ("gemm 1x1 12-10", 12, 10, 1, (3, 3), ""),
    ("gemm 1x1 7-5", 7, 5, 1, (3, 5), ""),
    ("gemm 1x1 s2 8-8", 8, 8, 1, (3, 5), "3=2"),
    ("gemm 1x1 pad 16-9", 16, 9, 1, (2, 2), "4=1"),
    ("gemm 1x1 31=32", 8, 8, 1, (2, 3), "31=32"),
    ("gemm 3x3 24-24 31=64", 24, 24, 3, (2, 3), "4=1 31=64"),
    ("gemm 3x3 17-5 31=64", 17, 5, 3, (2, 3), "4=1 31=64"),
    ("gemm 3x3 12-20 31=64", 12, 20, 3, (2, 2), "4=1 31=64"),
    ("gemm 3x3 s2 20-12", 20, 12, 3, (3, 3), "3=2 4=1"),
    ("gemm 2x2 17-4", 17, 4, 2, (2, 4), ""),
    ("planes 3x3 1-8", 1, 8, 3, (3, 5), "4=1"),
    ("planes 3x3 3-8 s2", 3, 8, 3, (4, 7), "3=2 4=1"),
    ("planes 3x3 1-4", 1, 4, 3, (3, 5), "4=1"),
    ("planes 3x3 3-4 s2", 3, 4, 3, (4, 7), "3=2 4=1"),
    ("planes 3x3 7-12 s2", 7, 12, 3, (4, 5), "3=2 4=1"),
    ("planes 3x3 3-20 s2", 3, 20, 3, (3, 5), "3=2 4=1"),
    ("planes 7x7 3-8 s2", 3, 8, 7, (5, 9), "3=2 4=3"),
    ("planes 7x7 1-16 s2", 1, 16, 7, (5, 7), "3=2 4=3"),
    ("planes 7x7 3-4 s2", 3, 4, 7, (5, 7), "3=2 4=3"),
    ("planes 7x7 3-20 s2", 3, 20, 7, (5, 7), "3=2 4=3"),
    # columns of a row in groups of four, two and one
    *((f"direct 3x3 8-8 width {width}", 8, 8, 3, (2, width), "4=1") for width in (4, 5, 6, 7)),
    ("direct 3x3 8-8 one pixel", 8, 8, 3, (1, 1), "4=1"),
    ("direct 3x3 8-8 one row", 8, 8, 3, (1, 7), "4=1"),
    ("direct 3x3 8-8 one column", 8, 8, 3, (5, 1), "4=1"),
    ("direct 3x3 16-24 31=64", 16, 24, 3, (2, 7), "4=1 31=64"),
    *((f"direct 3x3 4-4 width {width}", 4, 4, 3, (2, width), "4=1") for width in (4, 5, 6, 7)),
    ("direct 3x3 12-12", 12, 12, 3, (2, 7), "4=1"),
    ("direct 3x3 4-12", 4, 12, 3, (2, 7), "4=1"),
    ("direct 3x3 20-4 31=64", 20, 4, 3, (2, 7), "4=1 31=64"),
    ("direct 3x3 8-8 s2", 8, 8, 3, (3, 13), "3=2 4=1"),
    ("direct 3x3 16-8 s2", 16, 8, 3, (3, 11), "3=2"),
    ("direct 3x3 16-24 s2", 16, 24, 3, (3, 9), "3=2"),
    ("direct 5x5 8-8", 8, 8, 5, (2, 7), "4=2"),
    ("direct 5x5 16-8", 16, 8, 5, (2, 6), "4=2"),
    ("direct 5x5 8-8 s2", 8, 8, 5, (2, 13), "3=2 4=2"),
    # winograd
    ("winograd F(6,3) 16-16", 16, 16, 3, (3, 5), "4=1"),
    ("winograd F(6,3) 3-16", 3, 16, 3, (3, 7), "4=1"),
    ("winograd F(6,3) 16-3", 16, 3, 3, (3, 7), "4=1"),
    ("winograd F(6,3) 18-12", 18, 12, 3, (2, 3), "4=1"),
    ("winograd F(4,3) 16-129", 16, 129, 3, (2, 2), "4=1"),
    # packed
    ("packed 3x3 8-12", 8, 12, 3, (3, 5), "4=1"),
    ("packed 3x3 12-8 s2", 12, 8, 3, (3, 5), "3=2 4=1"),
    ("packed 3x3 8-4", 8, 4, 3, (2, 5), "4=1"),
    ("packed 3x3 4-8", 4, 8, 3, (2, 5), "4=1"),
    ("packed 3x3 4-4 s2", 4, 4, 3, (3, 7), "3=2 4=1"),
    ("packed 5x5 3-8", 3, 8, 5, (3, 5), "4=2"),
    ("packed 3x3 8-3", 8, 3, 3, (3, 5), "4=1"),
    ("packed 3x3 3-3", 3, 3, 3, (3, 5), "4=1"),
    ("packed 3x3 1-1", 1, 1, 3, (3, 5), "4=1"),
    ("packed 3x3 5-2", 5, 2, 3, (3, 5), "4=1"),
    ("packed 3x3 7-7", 7, 7, 3, (3, 5), "4=1"),
    ("packed 3x3 13-14", 13, 14, 3, (2, 3), "4=1"),
    ("packed 3x3 15-6 dilation 2", 15, 6, 3, (3, 4), "2=2 4=2"),
    ("packed 3x3 20-12 31=96", 20, 12, 3, (2, 3), "4=1 31=96"),
    ("packed 2x2 8-8", 8, 8, 2, (3, 5), ""),
    ("packed 3x1 8-8", 8, 8, 3, (3, 5), "11=1 4=1 14=0"),
    ("packed 1x3 4-6", 4, 6, 1, (3, 5), "11=3 4=0 14=1"),
    ("packed 3x3 8-8 s1x2", 8, 8, 3, (3, 5), "3=1 13=2 4=1"),
    ("packed 16-16 3x3 dilation 2 31=64", 16, 16, 3, (2, 3), "2=2 4=2 31=64"),
    # borders
    ("border larger than the kernel", 4, 4, 3, (2, 2), "4=4"),
    ("border of 0 to 3", 8, 4, 3, (3, 4), "4=1 15=2 14=0 16=3"),
    ("border SAME_UPPER", 8, 8, 3, (3, 6), "3=2 4=-233"),
    ("border SAME_LOWER", 8, 8, 3, (3, 6), "3=2 4=-234"),
    ("border SAME_UPPER 2x2", 3, 4, 2, (3, 4), "4=-233"),
    ("border of value 0.3", 4, 4, 3, (2, 4), "4=1 18=0.3"),
    ("border of value 0.3, planes", 3, 8, 3, (2, 4), "4=1 18=0.3"),
    ("border of value 70000", 3, 4, 1, (2, 3), "4=1 18=70000.0"),
)


def _convolutions() -> Iterator[Case]:
    for name, channels, outputs, kernel, size, more in _CONVOLUTIONS:
        profiles = PROFILES if max(channels, outputs) * size[0] * size[1] < 60 else LARGE
        yield Case(name, chain(convolution(channels, outputs, kernel, more)), (channels, *size), profiles)
    yield Case("direct 3x3 8-8 without bias", chain(convolution(8, 8, 3, bias=0)), (8, 2, 7), FEW)
    yield Case("packed 3x3 5-6 without bias", chain(convolution(5, 6, 3, bias=0)), (5, 2, 3), FEW)
    yield Case("gemm of a vector 8-10", chain(convolution(8, 10, 1, "")), (8,))
    yield Case("gemm of a vector 12-16", chain(convolution(12, 16, 1, "")), (12,))
    yield Case("gemm of a vector 7-4", chain(convolution(7, 4, 1, "")), (7,))


CASES = tuple(_convolutions())
