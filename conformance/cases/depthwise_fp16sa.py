"""fp16 arithmetic: depthwise convolutions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import ACTIVATIONS, FEW, Case, chain, depthwise


def _depthwise() -> Iterator[Case]:
    """All column groups and rows, for each packing; stride 2 misreads in the pair of columns of eights."""
    for channels, size, (kernel, more) in product(
        (8, 4, 3), ((4, 5), (3, 6), (3, 7)), ((3, "4=1"), (3, "3=2 4=1"), (5, "4=2"), (5, "3=2 4=2"), (3, "2=2 4=2"))
    ):
        plain = kernel == 3 and "2=2" not in more.split()
        if plain or (channels != 3 and size == (4, 5)):
            shape = (channels, *size) if "3=2" not in more.split() else (channels, size[0], 2 * size[1])
            words = depthwise(channels, kernel, more)
            name = f"depthwise {kernel}x{kernel} {more} of {'x'.join(map(str, shape))}"
            yield Case(name, chain(words), shape, FEW)
    for channels, (name, words) in product((12, 3), ACTIVATIONS.items()):
        yield Case(
            f"{name} of depthwise of {channels}", chain(depthwise(channels, 3, f"4=1 {words}")), (channels, 3, 3)
        )


CASES = tuple(_depthwise())
