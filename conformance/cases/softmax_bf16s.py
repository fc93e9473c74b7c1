"""Softmax in bf16, and in fp16 storage, whose packing is 4: every axis and rank."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import PROFILES, Case, chain
from conformance.cases.softmax_fp16s import SOFTMAXES


def _softmaxes() -> Iterator[Case]:
    for precision in ("bf16", "fp16-storage"):
        for width in (*range(1, 18), 100):
            profiles = PROFILES if width < 18 else ("normal", "halfway")
            yield Case(f"{precision} softmax of {width}", chain("Softmax 0=0 1=1"), (width,), profiles, precision)
        for channels, size in product((8, 12, 3), ((1, 1), (3, 5), (2, 6))):
            over = (channels, *size)
            name = f"{precision} softmax over channels of {'x'.join(map(str, over))}"
            yield Case(name, chain("Softmax 0=0 1=1"), over, PROFILES, precision)
        for axis, shape in SOFTMAXES:
            name = f"{precision} softmax over axis {axis} of {'x'.join(map(str, shape))}"
            yield Case(name, chain(f"Softmax 0={axis} 1=1"), shape, PROFILES, precision)
    off = frozenset({"use_packing_layout"})
    yield Case("bf16 softmax, unpacked", chain("Softmax 0=1 1=1"), (8, 3, 4), PROFILES, "bf16", without=off)
    yield Case("31=1 softmax over axis 2", chain("Softmax 0=2 1=1 31=1"), (8, 3, 5))


CASES = tuple(_softmaxes())
