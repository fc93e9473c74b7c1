"""Numbers JSON can hold."""

from __future__ import annotations

import math


def number(value: float) -> float | str:
    """The number, or "nan", "inf", "-inf" as a string: JSON has no such numbers, and null would hide which it was.

    >>> number(1.5), number(float("nan")), number(float("-inf"))
    (1.5, 'nan', '-inf')
    """
    return value if math.isfinite(value) else str(value)
