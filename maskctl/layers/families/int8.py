"""Arithmetic of int8 layers: floats to codes and back, and exact 32-bit sums of products of codes.

A scale is a factor: code = value * scale. Source: ncnn `src/layer/quantize.cpp`, `dequantize.cpp`, `requantize.cpp`.
"""

from __future__ import annotations

from typing import TypeAlias

from maskctl.errors import WeightsError
from maskctl.layers.base import Array
from maskctl.numeric.formats import FloatArray, Operand
from maskctl.numeric.late import np, npt

Codes: TypeAlias = "npt.NDArray[np.int8]"
Sums: TypeAlias = "npt.NDArray[np.int32]"

_LARGEST = 127
_EXACT_TERMS = (1 << 24) // (1 << 14)
"""So many products of two codes add up in fp32 without rounding, in any order."""


def quantise(values: FloatArray, scale: Operand) -> Codes:
    """Codes -127 to 127: value times scale in fp32, rounded to the nearest, halves away from zero.

    `scale` is one number or broadcasts against the values. NaN becomes 0 and what is too large the largest code, as
    on arm; x86 makes -127 of NaN, infinity and everything from 2**31 on.
    """
    with np.errstate(all="ignore"):
        scaled = np.clip(values * np.asarray(scale, np.float32), np.float32(-_LARGEST), np.float32(_LARGEST))
        whole = np.trunc(scaled)
        whole += np.copysign(np.abs(scaled - whole) >= np.float32(0.5), scaled)
        return np.nan_to_num(whole, copy=False, nan=0.0).astype(np.int8)


def codes(values: Array, scale: Operand) -> Codes:
    """The values as codes; int8 arrays are codes already."""
    return values if values.dtype == np.int8 else quantise(values, scale)


def weight_codes(values: FloatArray, scale: Operand) -> FloatArray:
    """Weights as codes, in floats; a `.bin` may hold an int8 layer's weights as floats, which the engine then quantises.

    Which of the two they are shows in the values: codes are whole numbers.
    """
    return values if are_codes(values) else quantise(values, scale).astype(np.float32)


def require_codes(values: FloatArray, name: str) -> FloatArray:
    """Weights as codes, in floats; raises `WeightsError` for fractions, whose bytes the engine would read as codes."""
    if not are_codes(values):
        raise WeightsError(
            f"{name} is not stored as int8, and the layer has int8 scales. The engine would take the bytes of the floats "
            "for codes. Quantize the model again, or remove its int8_scale_term."
        )
    return values


def are_codes(values: FloatArray) -> bool:
    """True where all values are whole numbers that a code can be."""
    return bool(np.abs(values).max(initial=0) <= 128 and (np.trunc(values) == values).all())


def dynamic_scale(values: FloatArray, axes: int | tuple[int, ...] | None = None) -> FloatArray:
    """The scales that make 127 of the largest magnitude along `axes`, which stay as extents of 1; 1 where all is zero.

    By default one scale per sample. NaN does not count.
    """
    with np.errstate(all="ignore"):
        largest = magnitude(values, axes)
        return np.where(largest == 0, np.float32(1), np.float32(_LARGEST) / largest)


def magnitude(values: FloatArray, axes: int | tuple[int, ...] | None = None) -> FloatArray:
    """The largest magnitude along `axes` (by default all but the samples'), kept as extents of 1; NaN does not count."""
    along = tuple(range(1, values.ndim)) if axes is None else axes
    found: FloatArray = np.fmax.reduce(np.abs(values), axis=along, keepdims=True, initial=np.float32(0))
    return found


def product(left: Array, right: Array) -> Sums:
    """The matrix product (…, m, k) times (…, k, n) in exact 32-bit integers that wrap around; codes may be in floats."""
    terms = left.shape[-1]
    total: Sums | None = None
    for start in range(0, terms, _EXACT_TERMS):
        part = slice(start, start + _EXACT_TERMS)
        # BLAS multiplies floats only; up to so many terms they hold every partial sum exactly.
        some = _exact(left[..., part], right[..., part, :])
        total = some if total is None else total + some
    if total is None:
        raise ValueError("a product of no terms")
    return total


def _exact(left: Array, right: Array) -> Sums:
    sums: FloatArray = np.matmul(left.astype(np.float32, copy=False), right.astype(np.float32, copy=False))
    return sums.astype(np.int32)


def factor(bottom_scale: Operand, weight_scale: FloatArray) -> FloatArray:
    """What turns sums back into values: 1 over the product of the scales, 0 where the weight's scale is 0."""
    with np.errstate(all="ignore"):
        inverse = np.float32(1) / (np.asarray(bottom_scale, np.float32) * weight_scale)
        return np.where(weight_scale == 0, np.float32(0), inverse)


def dequantise(sums: Array, scale: Operand, bias: Operand | None = None) -> FloatArray:
    """Sums as fp32 times the factor `scale`, plus bias; with a bias the two are one operation that rounds once.

    So do the engine's vector kernels on x86 and arm (fused multiply-add); codes made of the values depend on it.
    """
    with np.errstate(all="ignore"):
        values: FloatArray = sums.astype(np.float32)
        if bias is None:
            return values * np.asarray(scale, np.float32)
        # Two fp32 numbers multiply exactly in fp64.
        product64 = values.astype(np.float64) * np.asarray(scale, np.float32)
        return (product64 + np.asarray(bias, np.float32)).astype(np.float32)
