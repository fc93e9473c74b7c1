"""Eltwise in fp16, fp16 storage and bf16: products, sums with factors and without, maxima, of two blobs and of three or four."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import Case

OPERATIONS = {
    "product": "0=0",
    "sum": "0=1",
    "weighted sum": "0=1 -23301={count},{factors}",
    "maximum": "0=2",
}
FACTORS = ("0.7", "-1.3", "2.5", "-0.1")
SHAPES = ((8, 3, 5), (12, 1, 5), (5, 1, 7), (3, 9), (21,))
_SIGN_OF_ZERO = (
    "a maximum of +0 and -0 among three blobs is the other zero now and then in scalar rests; the cause is not known"
)
PRECISIONS = {"": ("fp16", ""), "31=1 ": ("fp16", " 31=1"), "bf16 ": ("bf16", "")}


def lines(operation: str, count: int, mask: str) -> tuple[str, ...]:
    """Lines that cut `data` along its outermost axis and join the pieces."""
    blobs = " ".join("abcd"[:count])
    words = OPERATIONS[operation].format(count=count, factors=",".join(FACTORS[:count]))
    pieces = ",".join(["-233"] * count)
    return (
        f"Slice slice 1 {count} data {blobs} -23300={count},{pieces}{mask}",
        f"Eltwise op {count} 1 {blobs} out {words}{mask}",
    )


def _joins() -> Iterator[Case]:
    for (prefix, (precision, mask)), operation, count in product(PRECISIONS.items(), OPERATIONS, (2, 3, 4)):
        for number, shape in enumerate(SHAPES):
            size = "x".join(map(str, shape))
            profiles = (
                ("normal", "wide", "special", "infinite", "nan") if number in {0, 2} and count < 4 else ("wide", "nan")
            )
            yield Case(
                f"{prefix}{operation} of {count} {size}",
                lines(operation, count, mask),
                (shape[0] * count, *shape[1:]),
                profiles,
                precision,
                least=0.99 if prefix == "bf16 " and operation == "maximum" and count > 2 else 1.0,
                loose=_SIGN_OF_ZERO if prefix == "bf16 " and operation == "maximum" and count > 2 else "",
                data=f"{count} {size}",
            )


CASES = tuple(_joins())
