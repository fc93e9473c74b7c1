"""Interp in every storage format: nearest, bilinear and bicubic, by size and by scale, each packing, narrow maps too."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import PROFILES, Case, chain

_SOME = ("normal", "halfway", "nan")
_KINDS = {"nearest": 1, "bilinear": 2, "bicubic": 3}
_SIZES = ("3=5 4=9", "1=1.7 2=0.6", "3=2 4=3", "1=2.0 2=2.0")
_NARROW: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("bilinear", (8, 1, 3)),
    ("bilinear", (3, 2, 1)),
    ("bicubic", (8, 3, 4)),
    ("bicubic", (4, 5, 3)),
    ("bicubic", (3, 2, 2)),
    ("bicubic", (5, 3)),
)
ORDERS = "the compiler sums the four products of single channels in several orders, depending on how many rows it resizes at once"


def _interps() -> Iterator[Case]:
    for precision, (name, kind), channels in product(("fp16", "fp16-storage", "bf16"), _KINDS.items(), (8, 4, 3)):
        in_fp32 = precision != "fp16" and name == "bicubic" and channels == 3
        least, loose = (0.998, ORDERS) if in_fp32 else (1.0, "")
        for number, size in enumerate(_SIZES):
            align = number % 2 if kind > 1 else 0
            words = f"Interp 0={kind} {size} 6={align}"
            full = f"{precision} {name} of {channels}, {size}"
            profiles = PROFILES if number == 2 else _SOME
            yield Case(full, chain(words), (channels, 4, 6), profiles, precision, least=least, loose=loose, data=words)
        yield Case(
            f"{precision} {name} of {channels} rows",
            chain(f"Interp 0={kind} 3=1 4=11"),
            (channels, 5),
            _SOME,
            precision,
        )
    for precision in ("fp16", "fp16-storage", "bf16"):
        yield Case(f"{precision} bilinear of a vector", chain("Interp 0=2 3=2 4=3"), (8,), _SOME, precision)
        for name, shape in _NARROW:
            words = f"Interp 0={_KINDS[name]} 3=7 4=5"
            full = f"{precision} {name} of {'x'.join(map(str, shape))}"
            yield Case(full, chain(words), shape, PROFILES, precision)
    yield Case("31=1 bilinear of 8", chain("Interp 0=2 3=5 4=9 31=1"), (8, 4, 6), _SOME)
    off = frozenset({"use_packing_layout"})
    yield Case("bilinear of 8, unpacked", chain("Interp 0=2 3=5 4=9"), (8, 4, 6), _SOME, without=off)


CASES = tuple(_interps())
