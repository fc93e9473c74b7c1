"""bf16: activations that are layers of their own."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import Case, chain
from conformance.cases.activations_fp16 import LAYERS, PROFILES

_SHAPES = ((8, 3, 5), (12, 1, 5), (3, 3, 5), (5, 1, 7), (3, 9), (37,), (3, 2, 3, 3))


def _activations() -> Iterator[Case]:
    for name, layer in LAYERS.items():
        for number, shape in enumerate(_SHAPES):
            size = "x".join(map(str, shape))
            profiles = PROFILES if number in {0, 3} else ("wide", "nan")
            yield Case(f"bf16 {name} of {size}", chain(layer), shape, profiles, "bf16", data=size)
        unpacked = frozenset({"use_packing_layout"})
        yield Case(f"bf16 {name} unpacked", chain(layer), (8, 1, 7), ("wide", "nan"), "bf16", unpacked, data="unpacked")


CASES = tuple(_activations())
