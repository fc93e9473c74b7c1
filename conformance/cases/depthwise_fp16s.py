"""Depthwise convolutions with fp32 sums: fp16 storage, and unpacked channels in fp16 arithmetic with other than 3x3 kernels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import ACTIVATIONS, FEW, PROFILES, Case, chain, depthwise

_KERNELS = ((1, ""), (3, "4=1"), (3, "3=2 4=1"), (3, "2=2 4=2"), (2, ""), (5, "4=2"), (7, "3=2 4=3 18=0.3"))


def _depthwise() -> Iterator[Case]:
    for channels, (kernel, more) in product((8, 4, 3, 1), _KERNELS):
        name = f"depthwise {kernel}x{kernel} {more} of {channels}"
        layers, shape = chain(depthwise(channels, kernel, more)), (channels, 4, 7)
        profiles = PROFILES if kernel == 3 and "=2" not in more else FEW
        yield Case(f"fp32 sums {name}", layers, shape, profiles, "fp16-storage")
        in_fp32 = channels % 4 and (kernel != 3 or "2=2" in more.split())
        if in_fp32:
            yield Case(f"fp16 arithmetic, fp32 sums {name}", layers, shape, (*FEW, "big"))
    for channels, (name, words) in product((4, 3), ACTIVATIONS.items()):
        layers = chain(depthwise(channels, 3, f"4=1 {words}"))
        yield Case(f"fp32 sums {name} of depthwise of {channels}", layers, (channels, 3, 3), precision="fp16-storage")
    for name, words in ACTIVATIONS.items():
        layers = chain(depthwise(3, 5, f"4=2 {words}"))
        yield Case(f"fp16 arithmetic, fp32 sums {name} of depthwise of 3", layers, (3, 3, 3))
    yield Case("31=1 depthwise 3x3 s2", chain(depthwise(8, 3, "3=2 4=1 31=1")), (8, 3, 12))
    yield Case("31=1 depthwise 5x5", chain(depthwise(6, 5, "4=2 31=1")), (6, 3, 5), FEW)


CASES = tuple(_depthwise())
