"""bf16 storage: Pooling."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import PROFILES, Case, chain


def _poolings() -> Iterator[Case]:
    for channels, kind in product((8, 3), ("max", "average")):
        number = ("max", "average").index(kind)
        for window, mode in product(("1=2 2=2", "1=3 2=2", "1=3 2=1 3=1", "1=3 2=3 3=2"), range(4)):
            words = f"Pooling 0={number} {window} 5={mode}"
            name = f"bf16 {kind} pooling of {channels}, {window} 5={mode}"
            profiles = PROFILES if window == "1=3 2=2" and mode == 0 else ("normal", "nan")
            yield Case(name, chain(words), (channels, 4, 5), profiles, "bf16")
            if kind == "average":
                yield Case(f"{name} 6=1", chain(f"{words} 6=1"), (channels, 4, 5), ("normal",), "bf16")
        words = f"Pooling 0={number} 4=1"
        yield Case(f"bf16 global {kind} pooling of {channels}", chain(words), (channels, 3, 5), precision="bf16")


CASES = tuple(_poolings())
