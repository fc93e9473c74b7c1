"""RotaryEmbed: pairs of both kinds, around the vectors of eight, angles for pairs and for elements."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import Case
from conformance.cases.gemm import memory


def _turned() -> Iterator[Case]:
    profiles = ("normal", "big", "tiny", "special", "nan")
    shapes = ((2, 3, 16), (3, 2, 14), (1, 1, 40), (4, 1, 6), (2, 2, 26))
    for precision, interleaved, shape in product(("fp16", "fp16-storage", "bf16"), (0, 1), shapes):
        _, rows, width = shape
        name = f"{precision} rotary embedding of {'x'.join(map(str, shape))}, interleaved {interleaved}"
        angles = (memory("cos", (rows, width // 2)), memory("sin", (rows, width // 2)))
        line = f"RotaryEmbed rotary 3 1 data cos sin out 0={interleaved}"
        yield Case(name, (*angles, line), shape, profiles, precision)
    for precision in ("fp16", "fp16-storage", "bf16"):
        angles = (memory("cos", (2, 20)), memory("sin", (2, 20)))
        line = "RotaryEmbed rotary 3 1 data cos sin out"
        yield Case(f"{precision} rotary embedding by elements", (*angles, line), (3, 2, 20), profiles, precision)


CASES = tuple(_turned())
