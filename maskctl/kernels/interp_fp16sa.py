"""Interp in fp16 arithmetic: weights, the rows resized along the width, and results are fp16.

Packed channels multiply, and then fuse each further product with the sum. Single channels sum in fp32 and round once, but
where rows are joined, eight pixels at a time. Source: ncnn `src/layer/arm/interp_arm_asimdhp.cpp` and
`interp_bilinear_fp16s.h`, `interp_bicubic_fp16s.h` and their packed kin.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from maskctl.kernels import cubic_weights, interp_clamped
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import interp
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.numeric import fma16, fma32
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The resized maps."""
    if interp_clamped.applies(params, inputs[0]):
        return interp_clamped.resize(params, inputs, options)
    packed = elempack(inputs[0].shape[1], options) > 1
    blend = _in_vectors if packed else partial(_single, cubic=params.integer("resize_type") == interp.BICUBIC)
    return interp.resize(
        params, inputs, interp.Way(lambda weights: round_to(weights, "fp16"), cubic_weights.in_fp16, blend)
    )


def _in_vectors(pixels: Array, taps: interp.Taps, axis: int) -> FloatArray:
    (first, weight), *others = interp.terms(pixels, taps, axis)
    out = fma16.multiply(first, weight)
    for values, weight in others:
        out = fma16.fma(out, values, weight)
    return out


def _single(pixels: Array, taps: interp.Taps, axis: int, *, cubic: bool) -> FloatArray:
    (first, weight), *others = interp.terms(pixels, taps, axis)
    out = first * weight
    for values, weight in others:
        out = fma32.fma(out, values, weight)
    once = round_to(out, "fp16")
    if cubic or axis == interp.WIDTH:
        return once
    columns = np.arange(pixels.shape[interp.WIDTH])[:, None]
    return np.where(columns < len(columns) // 8 * 8, _in_vectors(pixels, taps, axis), once)
