"""UnaryOp in bf16."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import Case, chain
from conformance.cases.activations_fp16 import PROFILES
from maskctl.layers.unaryop import NAMES


def _operations() -> Iterator[Case]:
    for number, name in enumerate(NAMES):
        layer = f"UnaryOp 0={number}"
        yield Case(f"bf16 {name} of 8x3x5", chain(layer), (8, 3, 5), PROFILES, "bf16", data="8x3x5")
        yield Case(f"bf16 {name} of 5x1x7", chain(layer), (5, 1, 7), PROFILES, "bf16", data="5x1x7")
        yield Case(f"bf16 {name} of 3x9", chain(layer), (3, 9), ("wide", "nan"), "bf16", data="3x9")


CASES = tuple(_operations())
