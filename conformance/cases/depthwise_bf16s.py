"""bf16 storage: depthwise convolutions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import ACTIVATIONS, FEW, PROFILES, Case, chain, depthwise


def _depthwise() -> Iterator[Case]:
    """All column groups and rows, packed and not."""
    for channels, size, (kernel, more) in product(
        (8, 4, 3),
        ((4, 5), (3, 6), (3, 7)),
        ((3, "4=1"), (3, "3=2 4=1"), (5, "4=2"), (5, "3=2 4=2"), (3, "2=2 4=2"), (2, "")),
    ):
        shape = (channels, *size) if "3=2" not in more.split() else (channels, size[0], 2 * size[1])
        name = f"bf16 depthwise {kernel}x{kernel} {more} of {'x'.join(map(str, shape))}"
        profiles = PROFILES if kernel == 3 and channels < 8 and size[1] == 5 else FEW
        yield Case(name, chain(depthwise(channels, kernel, more)), shape, profiles, "bf16")
    for channels, (name, words) in product((12, 3), ACTIVATIONS.items()):
        lines = chain(depthwise(channels, 3, f"4=1 {words}"))
        yield Case(f"bf16 {name} of depthwise of {channels}", lines, (channels, 3, 3), FEW, "bf16")


CASES = tuple(_depthwise())
