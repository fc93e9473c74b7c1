"""What is said of input blobs in text: their shapes and the ranges of their values."""

from __future__ import annotations

import math

_LARGEST = 3.4028234663852886e38
"""Of fp32, which input blobs are kept in."""


def parse_extents(text: str) -> tuple[int, ...] | None:
    """`3,224,224` as a shape, outermost extent first, None for what is none; 0 alone is an empty blob, such as a cache.

    >>> parse_extents("3,224,224"), parse_extents("0"), parse_extents("3,0"), parse_extents("1,2,3,4,5")
    ((3, 224, 224), (0,), None, None)
    """
    numbers = text.split(",")
    if numbers == ["0"]:
        return (0,)
    if len(numbers) > 4 or not all(word.isascii() and word.isdigit() and int(word[:9]) > 0 for word in numbers):
        return None
    return tuple(int(word[:9]) for word in numbers)


def parse_ends(text: str) -> tuple[tuple[float, float], ...] | None:
    """`LO:HI`, or one per channel separated by commas, None for what is none.

    >>> parse_ends("-1:1,0:0.5"), parse_ends("1:0"), parse_ends("0:inf")
    (((-1.0, 1.0), (0.0, 0.5)), None, None)
    """
    found = [_ends(part) for part in text.split(",")]
    ends = tuple(pair for pair in found if -_LARGEST <= pair[0] <= pair[1] <= _LARGEST)
    return ends if len(ends) == len(found) else None


def _ends(part: str) -> tuple[float, float]:
    low, _, high = part.partition(":")
    try:
        return float(low), float(high)
    except ValueError:
        return math.nan, math.nan
