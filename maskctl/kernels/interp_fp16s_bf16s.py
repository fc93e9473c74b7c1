"""Interp of 16-bit blobs in fp32, rounded once.

Bicubic code fuses products and sums, but for packed bf16 channels. Bilinear vectors keep them apart, but for those that join
rows of single fp16 channels; bilinear scalar code fuses the first product with the second.
Source: ncnn `src/layer/arm/interp_arm.cpp` and `interp_bilinear_fp16s.h`, `interp_bilinear_bf16s.h` and their bicubic and
packed kin, and the released arm64 build.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from maskctl.kernels import cubic_weights, interp_clamped
from maskctl.kernels.moments import stored
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import interp
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.numeric import fma32
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The resized maps."""
    if interp_clamped.applies(params, inputs[0]):
        return interp_clamped.resize(params, inputs, options)
    cubic, in_fp16 = params.integer("resize_type") == interp.BICUBIC, "use_fp16_storage" in options
    if elempack(inputs[0].shape[1], options) > 1:
        blend = _fused if in_fp16 and cubic else _apart
    else:
        in_pairs = inputs[0].ndim == 3, inputs[0].ndim == 3 or not in_fp16
        linear = partial(_linear, vectors=_fused if in_fp16 else _apart)
        blend = (
            partial(_cubic, in_pairs=dict(zip((interp.WIDTH, interp.HEIGHT), in_pairs, strict=True)))
            if cubic
            else linear
        )
    (top,) = interp.resize(params, inputs, interp.Way(lambda weights: weights, cubic_weights.in_fp32, blend))
    return (stored(top, options),)


def _fused(pixels: Array, taps: interp.Taps, axis: int) -> FloatArray:
    (first, weight), *others = interp.terms(pixels, taps, axis)
    out = first * weight
    for values, weight in others:
        out = fma32.fma(out, values, weight)
    return out


def _apart(pixels: Array, taps: interp.Taps, axis: int) -> FloatArray:
    (first, weight), *others = interp.terms(pixels, taps, axis)
    out: FloatArray = first * weight
    for values, weight in others:
        out += values * weight
    return out


def _cubic(pixels: Array, taps: interp.Taps, axis: int, *, in_pairs: Mapping[int, bool]) -> FloatArray:
    """Single channels: the second product first, one by one or as the sum of two sums.

    The compiler chose other orders, too, where it resizes several rows at once; these are not told apart here.
    """
    first, second, third, fourth = interp.terms(pixels, taps, axis)
    out = fma32.fma(second[0] * second[1], *first)
    if in_pairs[axis]:
        behind: FloatArray = fma32.fma(third[0] * third[1], *fourth)
        return np.add(out, behind, dtype=np.float32)
    return fma32.fma(fma32.fma(out, *third), *fourth)


def _linear(pixels: Array, taps: interp.Taps, axis: int, *, vectors: interp.Blend) -> FloatArray:
    """Single channels: rows are resized by scalar code, and joined in vectors of eight pixels and scalar code."""
    (first, share), (second, weight) = interp.terms(pixels, taps, axis)
    found = fma32.fma(second * weight, first, share)
    if axis == interp.WIDTH:
        return found
    columns = np.arange(pixels.shape[interp.WIDTH])[:, None]
    return np.where(columns < len(columns) // 8 * 8, vectors(pixels, taps, axis), found)
