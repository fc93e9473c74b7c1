"""How ncnn casts fp32 to 16 bits: vectors in one way, what is left over from them by a scalar function in another.

Source: ncnn `src/mat.cpp`, `float32_to_float16`, `float32_to_bfloat16`, `src/layer/arm/cast_fp16.h` and
`src/layer/x86/cast_bf16.h`, as the released wheels behave: four values at a time, the last `size mod 4` of a row one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from maskctl.numeric.formats import BF16, FP16, FloatArray, round_to
from maskctl.numeric.late import np

Cast: TypeAlias = Callable[[FloatArray], FloatArray]

_HALF_ULP = 0x1000
_KEPT = 0xFFFFE000


def nearest(values: FloatArray) -> FloatArray:
    """The cast in full vectors, and of the compiler's own code: to nearest even."""
    return round_to(values, "fp16")


def one_by_one(values: FloatArray) -> FloatArray:
    """The scalar cast: to nearest, ties away from zero, magnitudes under 2**-14 to a zero of their sign.

    >>> one_by_one(np.float32([2049, 2**-15, 65520]))
    array([2050.,    0.,   inf], dtype=float32)
    """
    sizes = np.abs(np.ascontiguousarray(values, np.float32))
    nearest = ((sizes.view(np.uint32) + np.uint32(_HALF_ULP)) & np.uint32(_KEPT)).view(np.float32)
    nearest = np.where(sizes < FP16.smallest_normal, np.float32(0), np.where(np.isnan(sizes), sizes, nearest))
    return np.copysign(round_to(nearest, "fp16"), values)


def one_by_one_to_bf16(values: FloatArray) -> FloatArray:
    """The scalar cast to bf16: to nearest, ties away from zero; x86 vectors without AVX512-BF16 do the same.

    Other vectors round ties to even.

    >>> one_by_one_to_bf16(np.float32([1 + 2**-8, -1 - 3 * 2**-8]))
    array([ 1.0078125, -1.015625 ], dtype=float32)
    """
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)
    return np.where(np.isnan(values), values, rounded)


def flushed(values: FloatArray) -> FloatArray:
    """To bf16, nearest even, magnitudes under 2**-126 to a zero of their sign: what AVX512-BF16 does.

    >>> flushed(np.float32([1 + 2**-8, -1 - 3 * 2**-8, -(2**-127)]))
    array([ 1.      , -1.015625, -0.      ], dtype=float32)
    """
    kept = np.where(np.abs(values) < BF16.smallest_normal, np.copysign(np.float32(0), values), values)
    return round_to(kept.astype(np.float32), "bf16")


def rows(values: FloatArray, vectors: Cast = nearest, scalar: Cast = one_by_one, width: int = 4) -> FloatArray:
    """Each row (last axis) cast: full groups of `width` as vectors, the rest one by one."""
    whole = values.shape[-1] // width * width
    if whole == values.shape[-1]:
        return vectors(values)
    return np.concatenate([vectors(values[..., :whole]), scalar(values[..., whole:])], axis=-1)


def flat(values: FloatArray) -> FloatArray:
    """The whole array cast as one row."""
    return rows(values.reshape(1, -1)).reshape(values.shape)


def blob(values: FloatArray, vectors: Cast = nearest, scalar: Cast = one_by_one, width: int = 4) -> FloatArray:
    """A blob (n, …) cast on its way into a layer: channel by channel; ranks 1 and 2 are one channel."""
    leading = values.shape[:2] if values.ndim > 3 else values.shape[:1]
    size = math.prod(values.shape[len(leading) :])
    return rows(values.reshape(*leading, size), vectors, scalar, width).reshape(values.shape)


def by_name(name: str, values: FloatArray) -> FloatArray:
    """`values` cast as target tables name it: a row of `CASTS`, or a format for its own rounding."""
    return CASTS[name](values) if name in CASTS else round_to(values, name)


CASTS: Mapping[str, Cast] = {
    "fp16 blob": blob,
    "fp16 one by one": one_by_one,
    "bf16 ties away": one_by_one_to_bf16,
    "bf16 flushed": flushed,
    "bf16 blob in eights": lambda values: blob(values, flushed, one_by_one_to_bf16, 8),
    "bf16 blob in fours": lambda values: blob(values, flushed, one_by_one_to_bf16, 4),
}
