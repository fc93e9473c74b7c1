"""PReLU and BatchNorm, whose numbers belong to indices of the outermost axis, in fp16, fp16 storage and bf16."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import Case, chain

_SHAPES = ((8, 3, 5), (12, 1, 5), (5, 1, 7), (3, 9), (8, 3), (4, 3), (21,), (16,), (12,), (3, 2, 1, 3), (8, 2, 1, 3))
_PRECISIONS = {"": ("fp16", ""), "31=1 ": ("fp16", " 31=1"), "bf16 ": ("bf16", "")}


def _layers() -> Iterator[Case]:
    for (prefix, (precision, mask)), (number, shape) in product(_PRECISIONS.items(), enumerate(_SHAPES)):
        size = "x".join(map(str, shape))
        profiles = ("normal", "wide", "tiny", "special", "infinite", "nan") if number in {0, 2} else ("wide", "nan")
        for name, layer in (
            ("prelu", f"PReLU 0={shape[0]}"),
            ("prelu of one slope", "PReLU 0=1"),
            ("batch norm", f"BatchNorm 0={shape[0]} 1=0.001"),
        ):
            yield Case(
                f"{prefix}{name} of {size}", chain(f"{layer}{mask}"), shape, profiles, precision, data=f"{name} {size}"
            )


CASES = tuple(_layers())
