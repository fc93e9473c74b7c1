"""A fused multiply-add to float32 by exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def fused(total: np.float32, left: np.float32, right: np.float32) -> np.float32:
    """RN32(total + left*right) with an exact sum; the float64 in between is corrected where it was not exact."""
    exact = Fraction(float(total)) + Fraction(float(left)) * Fraction(float(right))
    near = np.float32(float(exact))
    around = (np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf)))
    return min(around, key=lambda value: (abs(Fraction(float(value)) - exact), int(value.view(np.uint32)) & 1))
