"""fp16: Softmax."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import PROFILES, Case, chain

SOFTMAXES: tuple[tuple[int, tuple[int, ...]], ...] = (
    (0, (3, 5)), (0, (8, 6)), (1, (3, 5)), (1, (8, 12)), (1, (4, 5)), (1, (12, 6)), (1, (3, 4, 5)), (2, (3, 4, 5)),
    (1, (8, 3, 4)), (2, (8, 3, 4)), (1, (4, 3, 5)), (1, (4, 3, 6)), (2, (4, 2, 5)), (2, (12, 2, 6)), (0, (3, 2, 2, 3)),
    (1, (3, 4, 2, 5)), (2, (4, 2, 3, 5)), (3, (8, 2, 2, 3)),
)  # fmt: skip
"""Axis and shape."""


def _softmaxes() -> Iterator[Case]:
    for width in (*range(1, 29), 1000):
        yield Case(f"softmax of {width}", chain("Softmax 0=0 1=1"), (width,), PROFILES if width < 1000 else ("normal",))
    for channels, size in product((8, 16, 12, 3, 10), ((1, 1), (3, 5), (2, 6))):
        over = (channels, *size)
        yield Case(f"softmax over channels of {'x'.join(map(str, over))}", chain("Softmax 0=0 1=1"), over)
    for axis, shape in SOFTMAXES:
        yield Case(f"softmax over axis {axis} of {'x'.join(map(str, shape))}", chain(f"Softmax 0={axis} 1=1"), shape)


CASES = tuple(_softmaxes())
