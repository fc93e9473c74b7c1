"""Interp of maps too narrow for the code with vectors: bicubic with three pixels or fewer along an axis, bilinear with one.

All weights are fp32, places outside of the map count as the pixels at its ends, and each result is rounded by the scalar
cast. Source: the released arm64 build; ncnn `src/layer/arm/interp_arm.cpp` reads past the map there.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import cubic_weights
from maskctl.kernels.packing import Options
from maskctl.layers import interp
from maskctl.layers.base import Array, Arrays, Params
from maskctl.numeric import casts, fma32
from maskctl.numeric.formats import FloatArray


def applies(params: Params, values: Array) -> bool:
    """True where the engine takes this code for `values` (n, …)."""
    least = {interp.BILINEAR: 2, interp.BICUBIC: 4}.get(params.integer("resize_type"), 0)
    return values.ndim in {3, 4} and min(values.shape[2:]) < least


def resize(params: Params, inputs: Arrays, options: Options) -> Arrays:
    """The resized maps."""
    values, given = inputs[0], tuple(blob.shape[1:] for blob in inputs)
    (top,) = interp.shapes(params, given)
    if interp.is_unchanged(params, given[0], *interp.size_of(params, given)):
        return (values,)
    pixels = np.moveaxis(values, 1, -1)
    with np.errstate(all="ignore"):
        rows = _resized(pixels, interp.WIDTH, top[-1], params)
        is_map = values.ndim == 4
        found = _resized(rows, interp.HEIGHT, top[-2], params) if is_map else _alone(rows, params)
    rounded = casts.one_by_one(found) if "use_fp16_storage" in options else casts.one_by_one_to_bf16(found)
    return (np.moveaxis(rounded, -1, 1),)


def _resized(pixels: Array, axis: int, outputs: int, params: Params) -> FloatArray:
    """Products and sums are fused; a sum of rows begins with 0."""
    inputs, name = pixels.shape[axis], "width" if axis == interp.WIDTH else "height"
    before, place = interp.places(inputs, outputs, params, interp.scale_of(params, name))
    first, weights = _weights(before, place, params)
    terms = [
        (
            pixels.take(np.clip(before + np.float32(first + number), 0, inputs - 1).astype(np.intp), axis),
            weight.reshape(-1, *(1,) * (-1 - axis)),
        )
        for number, weight in enumerate(weights)
    ]
    out: FloatArray = np.asarray(terms[0][0] * terms[0][1], np.float32)
    if axis == interp.HEIGHT:
        out = out + np.float32(0)
    for values, weight in terms[1:]:
        out = fma32.fma(out, values, weight)
    return out


def _alone(rows: FloatArray, params: Params) -> FloatArray:
    """Rows of rank 2 as the sum of rows has them, each by itself."""
    zero = np.zeros(1, np.float32)
    out: FloatArray = np.zeros_like(rows)
    for weight in _weights(zero, zero, params)[1]:
        out = fma32.fma(out, rows, weight)
    return out


def _weights(before: FloatArray, place: FloatArray, params: Params) -> tuple[int, tuple[FloatArray, ...]]:
    """How far the first pixel lies from the one before a place, and the weights of that and those behind it."""
    if params.integer("resize_type") == interp.BICUBIC:
        return -1, cubic_weights.in_fp32(before, place)[:4]
    return 0, ((before + np.float32(1)) - place, place - before)
