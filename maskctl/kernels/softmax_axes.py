"""Where the terms of a Softmax lie in the engine's memory: along a vector, along packed rows, or over planes of pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from maskctl.numeric.formats import FloatArray

Rows: TypeAlias = Callable[[FloatArray], FloatArray]
"""Softmax along axis 1 of (rows, terms), or of (rows, terms, lanes)."""
Planes: TypeAlias = Callable[[FloatArray, int], FloatArray]
"""Softmax over axis 1 of (rows, terms, pixels), whose terms are packed by so many."""


def along(values: FloatArray, axis: int, pack: int, *, vector: Rows, packed_rows: Rows, planes: Planes) -> FloatArray:
    """Softmax of (n, …) along an axis, outermost 0, computed by the function for how its terms lie in memory."""
    if values.ndim == 2:
        return vector(values)
    n, outermost, *inner = values.shape
    if axis == 0:
        return planes(values.reshape(n, outermost, -1), pack).reshape(values.shape)
    packed = np.moveaxis(values.reshape(n, outermost // pack, pack, *inner), 2, -1)
    flat = np.ascontiguousarray(packed).reshape(-1, values.shape[axis + 1], math.prod(packed.shape[axis + 2 :]))
    if axis < values.ndim - 2:
        result = planes(flat, 1)
    elif pack == 1:
        result = vector(flat[:, :, 0])[:, :, None]
    else:
        result = packed_rows(flat)
    return np.moveaxis(result.reshape(packed.shape), -1, 2).reshape(values.shape)
