"""UnaryOp in fp16, which computes in fp16 whatever bit 1 says."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import Case, chain
from conformance.cases.activations_fp16 import PROFILES
from maskctl.layers.unaryop import NAMES


def _operations() -> Iterator[Case]:
    for number, name in enumerate(NAMES):
        layer = f"UnaryOp 0={number}"
        yield Case(f"{name} of 8x3x5", chain(layer), (8, 3, 5), PROFILES, data="8x3x5")
        yield Case(f"{name} of 5x1x7", chain(layer), (5, 1, 7), PROFILES, data="5x1x7")
        yield Case(f"{name} of 12x1x5", chain(layer), (12, 1, 5), ("wide", "nan"), data="12x1x5")
        yield Case(f"31=1 {name} of 3x9", chain(f"{layer} 31=1"), (3, 9), ("wide", "nan"), data="3x9")
        yield Case(f"fp16-storage {name} of 22", chain(layer), (22,), ("wide", "nan"), "fp16-storage", data="22")


CASES = (
    *_operations(),
    # Half vectors of exp differ from whole ones in a few numbers between -10 and -6.
    Case("exp in fours", chain("UnaryOp 0=7"), (201, 1, 4), ("wide",) * 4),
)
