"""BinaryOp in bf16."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import Case
from conformance.cases.binaryop import PAIRS, PROFILES, SCALARS, two_halves, with_memory
from maskctl.layers.binaryop import NAMES


def _functions() -> Iterator[Case]:
    for number, name in enumerate(NAMES):
        yield Case(f"bf16 {name} of 8x3x5", two_halves(number), (16, 3, 5), PROFILES, "bf16", data="16x3x5")
        yield Case(f"bf16 {name} of 5x1x7", two_halves(number), (10, 1, 7), PROFILES, "bf16", data="10x1x7")
        for scalar, shape in product(SCALARS, ((8, 1, 3), (3, 1, 5))):
            lines = (f"BinaryOp op 1 1 data out 0={number} 1=1 2={scalar}",)
            size = "x".join(map(str, shape))
            yield Case(f"bf16 {name} of {size} and {scalar}", lines, shape, ("wide", "nan"), "bf16", data=size)


def _pairs() -> Iterator[Case]:
    for (shape, other), name, first in product(PAIRS, ("pow", "fmod"), (False, True)):
        if first and shape == other:
            continue
        sizes = ["x".join(map(str, extents)) for extents in ((other, shape) if first else (shape, other))]
        lines = with_memory(NAMES.index(name), other, first=first)
        yield Case(f"bf16 {name} of {sizes[0]} and {sizes[1]}", lines, shape, ("normal", "nan"), "bf16")


CASES = (*_functions(), *_pairs())
