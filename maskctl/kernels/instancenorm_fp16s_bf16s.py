"""InstanceNorm of 16-bit blobs: moments in fp32, and in fp16 a factor and an offset rounded to fp16, whatever the mask.

A blob of rank 1 or 2 is one channel, but where the engine packs it, it takes the lanes for channels of their own; weights
that it reads past their end are NaN here.
Source: ncnn `src/layer/arm/instancenorm_arm_asimdhp.cpp` and `instancenorm_arm.cpp`, and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import moments
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import instancenorm
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import estimates, fma16, fma32, lanes
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The normalised channels."""
    values = inputs[0]
    instancenorm.shapes(params, (values.shape[1:],))
    n, outer = values.shape[:2]
    pack = elempack(outer, options)
    blocks = values.reshape(n, outer // pack, pack, -1)
    maps = values.reshape(n, outer, -1) if values.ndim > 3 else blocks.swapaxes(1, 2).reshape(n, pack, -1)
    with np.errstate(all="ignore"):
        found = _normalised(maps, params.real("eps"), weights, pack, options)
    if values.ndim > 3:
        return (found.reshape(values.shape),)
    lanes = found.reshape(n, pack, outer // pack, -1).swapaxes(1, 2)
    return (np.ascontiguousarray(lanes).reshape(values.shape),)


def _normalised(maps: FloatArray, eps: float, weights: Weights, pack: int, options: Options) -> FloatArray:
    """The channels of `maps` (n, c, pixels) normalised."""
    n, channels, pixels = maps.shape
    in_fp16 = "use_fp16_storage" in options
    rows = maps.reshape(n * channels, pixels)
    mean, root = (_packed if pack > 1 else _single)(rows, eps, in_fp16=in_fp16)
    mean, root = (numbers.reshape(n, channels, 1) for numbers in (mean, root))
    gamma = _all_of(weights["gamma"], channels) if weights else np.float32(1)
    scale = gamma * root if pack > 1 else gamma / root
    offset = -mean * scale
    if weights:
        beta = _all_of(weights["beta"], channels)
        offset = beta + offset if pack > 1 else fma32.fma(beta, -mean, scale)
    fours = pixels if pack > 1 else pixels // 4 * 4
    if in_fp16:
        return _scaled_fp16(maps, round_to(scale, "fp16"), round_to(offset, "fp16"), pack)
    is_rest = np.arange(pixels) >= fours
    return moments.stored(np.where(is_rest, fma32.fma(offset, maps, scale), maps * scale + offset), options)


def _all_of(weight: FloatArray, channels: int) -> FloatArray:
    """A weight per channel, (channels, 1)."""
    found = np.full((channels, 1), np.nan, np.float32)
    found[: len(weight), 0] = weight[:channels]
    return found


def _packed(rows: FloatArray, eps: float, *, in_fp16: bool) -> tuple[FloatArray, FloatArray]:
    """Mean and 1 / sqrt(variance + eps) of rows whose channels lie side by side; the root by an estimate and one step."""
    reciprocal = np.float32(1) / np.float32(rows.shape[1])
    mean = moments.chain_of_sums(np.ascontiguousarray(rows.T)) * reciprocal
    centered = np.ascontiguousarray((rows - mean[:, None]).T)
    if in_fp16:
        varied = fma32.fma(np.float32(eps), moments.chain_of_fused_squares(centered), reciprocal)
    else:
        varied = moments.chain_of_squares(centered) * reciprocal + np.float32(eps)
    return mean, estimates.reciprocal_root(lanes.SINGLE, varied, 1)


def _single(rows: FloatArray, eps: float, *, in_fp16: bool) -> tuple[FloatArray, FloatArray]:
    """Mean and sqrt(variance + eps) of rows by fours; what is left over is added to the sum of the fours.

    Less than four pixels are not added to 0 in fp16, so that their mean can be -0.
    """
    pixels = rows.shape[1]
    fours, reciprocal = pixels // 4 * 4, np.float32(1) / np.float32(pixels)

    def vectors(terms: FloatArray) -> FloatArray:
        return np.ascontiguousarray(terms[:, :fours].reshape(len(rows), -1, 4).swapaxes(0, 1))

    total = moments.across(moments.chain_of_sums(vectors(rows)))
    terms = rows[:, fours:].T if in_fp16 and not fours else np.concatenate([total[None], rows[:, fours:].T])
    mean = np.add.accumulate(terms, 0, np.float32)[-1] * reciprocal
    centered = rows - mean[:, None]
    total = moments.across(moments.chain_of_squares(vectors(centered)))
    squares = moments.chain_of_fused_squares(np.ascontiguousarray(centered[:, fours:].T), total)
    return mean, np.sqrt(squares * reciprocal + np.float32(eps))


def _scaled_fp16(maps: FloatArray, scale: FloatArray, offset: FloatArray, pack: int) -> FloatArray:
    """maps * scale + offset in fp16; what single channels leave over from eights is rounded to fp32 first."""
    pixels = maps.shape[2]
    is_rest = np.arange(pixels) >= (pixels if pack > 1 else pixels // 8 * 8)
    rest = round_to(fma32.fma(offset, maps, scale), "fp16")
    return np.where(is_rest, rest, fma16.fma(offset, maps, scale))
