"""fp16 storage with fp32 sums: Convolution, asked for by option or by mask."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import ACTIVATIONS, FEW, PROFILES, Case, chain, convolution

_CONVOLUTIONS: tuple[tuple[str, int, int, int, tuple[int, int], str], ...] = (
    ("1x1", 8, 16, 1, (3, 3), ""),
    ("1x1 s2", 12, 10, 1, (3, 5), "3=2"),
    ("3x3", 8, 8, 3, (2, 7), "4=1"),
    ("3x3 s2", 4, 12, 3, (4, 7), "3=2 4=1"),
    ("3x3", 3, 8, 3, (3, 7), "4=1"),
    ("3x3", 1, 4, 3, (3, 5), "4=1"),
    ("3x3", 16, 20, 3, (2, 3), "4=1"),
    ("3x3", 20, 5, 3, (2, 3), "4=1"),
    ("3x3", 15, 14, 3, (2, 3), "4=1"),
    ("3x3 dilation 2", 13, 7, 3, (3, 4), "2=2 4=2"),
    ("5x5 s2", 8, 6, 5, (3, 7), "3=2 4=2"),
    ("7x7 s2", 3, 8, 7, (5, 7), "3=2 4=3"),
    ("2x2", 7, 3, 2, (3, 5), ""),
    ("3x1", 6, 2, 3, (3, 5), "11=1 4=1 14=0"),
    ("1x3 s1x2", 5, 1, 1, (4, 5), "11=3 13=2 4=0 14=1"),
    ("border larger than the kernel", 4, 4, 3, (2, 2), "4=4"),
    ("border of 0 to 3", 8, 4, 3, (3, 4), "4=1 15=2 14=0 16=3"),
    ("border SAME_UPPER", 8, 6, 3, (3, 6), "3=2 4=-233"),
    ("border SAME_LOWER", 8, 6, 3, (3, 6), "3=2 4=-234"),
    ("border of value 0.3", 4, 5, 3, (2, 4), "4=1 18=0.3"),
    ("border of value 70000", 3, 4, 1, (2, 3), "4=1 18=70000.0"),
    ("one pixel", 8, 8, 3, (1, 1), "4=1"),
    ("one row", 8, 3, 3, (1, 7), "4=1"),
    ("31=1 has no winograd", 16, 16, 3, (2, 3), "4=1 31=1"),
    ("31=1 has no gemm", 24, 20, 1, (2, 3), "31=1"),
)
_ORDERS = tuple(product((2, 4, 5, 7, 8, 11, 14, 16, 30), (4, 3)))
"""Channels and outputs: every block of channels, before vectors and before the pair and the single one left over."""


def _convolutions() -> Iterator[Case]:
    for name, channels, outputs, kernel, size, more in _CONVOLUTIONS:
        words = convolution(channels, outputs, kernel, more)
        profiles = PROFILES if channels * size[0] * size[1] < 100 else ("normal", "big", "nan")
        precision = "fp16" if "31=1" in more else "fp16-storage"
        yield Case(f"fp32 sums {name} {channels}-{outputs}", chain(words), (channels, *size), profiles, precision)
    for channels, outputs in _ORDERS:
        words = convolution(channels, outputs, 3, "")
        name = f"fp32 sums cancelling 3x3 {channels}-{outputs}"
        yield Case(name, chain(words), (channels, 3, 5), ("cancelling",), "fp16-storage")
    for channels in (8, 7):
        vector = chain(convolution(channels, 10, 1, ""))
        yield Case(f"fp32 sums 1x1 of a vector of {channels}", vector, (channels,), precision="fp16-storage")
    for outputs in (8, 3):
        without = chain(convolution(5, outputs, 3, bias=0))
        yield Case(f"fp32 sums without bias 5-{outputs}", without, (5, 2, 3), FEW, "fp16-storage")


def _activations() -> Iterator[Case]:
    for outputs, (name, words) in product((4, 3), ACTIVATIONS.items()):
        layers = chain(convolution(6, outputs, 3, f"4=1 {words}"))
        yield Case(
            f"fp32 sums {name} of 6-{outputs}",
            layers,
            (6, 4, 5),
            precision="fp16-storage",
            data=f"fp32 sums 6-{outputs}",
        )


CASES = (*_convolutions(), *_activations())
