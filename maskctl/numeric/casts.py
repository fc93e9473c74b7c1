"""How ncnn casts fp32 to 16 bits: vectors round to nearest even, what is left over goes through a scalar function.

Casts of whole blobs to bf16 round every value to nearest even.

Source: ncnn `src/mat.cpp`, `float32_to_float16`, and `src/layer/arm/cast_fp16.h`, as the released arm64 build
behaves: four values at a time, the last `size mod 4` of a row one by one.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.formats import FP16, FloatArray, round_to

_HALF_ULP = np.uint32(0x1000)
_KEPT = np.uint32(0xFFFFE000)


def nearest(values: FloatArray) -> FloatArray:
    """The cast in full vectors, and of the compiler's own code: to nearest even."""
    return round_to(values, "fp16")


def one_by_one(values: FloatArray) -> FloatArray:
    """The scalar cast: to nearest, ties away from zero, magnitudes under 2**-14 to a zero of their sign.

    >>> one_by_one(np.float32([2049, 2**-15, 65520]))
    array([2050.,    0.,   inf], dtype=float32)
    """
    sizes = np.abs(np.ascontiguousarray(values, np.float32))
    nearest = ((sizes.view(np.uint32) + _HALF_ULP) & _KEPT).view(np.float32)
    nearest = np.where(sizes < FP16.smallest_normal, np.float32(0), np.where(np.isnan(sizes), sizes, nearest))
    return np.copysign(round_to(nearest, "fp16"), values)


def one_by_one_to_bf16(values: FloatArray) -> FloatArray:
    """The scalar cast to bf16: to nearest, ties away from zero. Vectors round ties to even.

    >>> one_by_one_to_bf16(np.float32([1 + 2**-8, -1 - 3 * 2**-8]))
    array([ 1.0078125, -1.015625 ], dtype=float32)
    """
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)
    return np.where(np.isnan(values), values, rounded)


def rows(values: FloatArray) -> FloatArray:
    """Each row (last axis) cast: full groups of four to nearest even, the rest one by one."""
    fours = values.shape[-1] // 4 * 4
    return np.concatenate([round_to(values[..., :fours], "fp16"), one_by_one(values[..., fours:])], axis=-1)


def flat(values: FloatArray) -> FloatArray:
    """The whole array cast as one row."""
    return rows(values.reshape(1, -1)).reshape(values.shape)


def blob(values: FloatArray) -> FloatArray:
    """A blob (n, …) cast on its way into a layer: channel by channel; ranks 1 and 2 are one channel."""
    leading = values.shape[:2] if values.ndim > 3 else values.shape[:1]
    return rows(values.reshape(*leading, -1)).reshape(values.shape)
