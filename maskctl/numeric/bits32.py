"""A single float32 without numpy, which declarations and text commands do without."""

from __future__ import annotations

import math
import struct


def rounded32(value: float) -> float:
    """The nearest float32; what lies beyond all of them is infinite.

    >>> rounded32(16777217), rounded32(0.1) == 0.1, rounded32(-1e39)
    (16777216.0, False, -inf)
    """
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def of_bits(value: int) -> float:
    """The float whose bits an integer holds.

    >>> of_bits(1077936128)
    3.0
    """
    return float(struct.unpack("<f", struct.pack("<i", value))[0])


def to_bits(value: float) -> int:
    """The integer whose bits a float has.

    >>> to_bits(3.0)
    1077936128
    """
    return int(struct.unpack("<i", struct.pack("<f", value))[0])
