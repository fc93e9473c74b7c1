"""GroupNorm of 16-bit blobs with fp32 inside, whatever the feature mask, to the bit.

A group is summed channel after channel, packed channels at once. Source: ncnn
`src/layer/arm/groupnorm_arm_asimdhp.cpp` and `groupnorm_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.moments import FUSED_SQUARES, SQUARES, SUM, stored, whole
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import groupnorm
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.normalization import inverse_root
from maskctl.numeric import fma32
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The normalised groups; channels beyond `channels` stay as they are."""
    values = inputs[0]
    groupnorm.shapes(params, (values.shape[1:],))
    channels, group = params.integer("channels"), params.integer("group")
    taken = np.ascontiguousarray(values[:, :channels])
    each = channels // group
    pack = elempack(each, options)
    maps = taken.reshape(len(values) * group, each // pack, pack, -1)
    with np.errstate(all="ignore"):
        mean, factor = (
            numbers.reshape(len(values), group).repeat(each, 1)[:, :, None]
            for numbers in _moments(np.ascontiguousarray(maps.swapaxes(2, 3)), params.real("eps"), options)
        )
        planes = taken.reshape(len(values), channels, -1)
        found = _scaled(planes, mean, factor, {name: each[:, None] for name, each in weights.items()}, pack, options)
    out = stored(found, options).reshape(taken.shape)
    return (np.concatenate([out, values[:, channels:]], 1) if channels < values.shape[1] else out,)


def _moments(memory: FloatArray, eps: float, options: Options) -> tuple[FloatArray, FloatArray]:
    """Mean and factor of each group of `memory` (groups, blocks of channels, pixels, lanes): (groups,) each."""
    groups, blocks = memory.shape[:2]
    runs = memory.reshape(groups, blocks, -1)
    in_eights, reciprocal = "use_fp16_storage" in options, np.float32(1) / np.float32(runs[0].size)
    mean = whole(runs, SUM, in_eights=in_eights) * reciprocal
    chain = FUSED_SQUARES if in_eights else SQUARES
    squares = whole(runs - mean[:, None, None], chain, in_eights=in_eights)
    return mean, inverse_root(fma32.fma(np.float32(eps), squares, reciprocal), 0)


def _scaled(
    planes: FloatArray, mean: FloatArray, factor: FloatArray, weights: Weights, pack: int, options: Options
) -> FloatArray:
    """The values (n, c, pixels) normalised; vectors of bf16 code multiply and add, all else is fused.

    Without weights, what is left over from fours has the mean taken from it first.
    """
    offset, scale, rest = -(mean * factor), factor, (planes - mean) * factor
    in_bf16 = "use_fp16_storage" not in options
    if weights:
        gamma, beta = weights["gamma"], weights["beta"]
        offset = offset * gamma + beta if in_bf16 and pack > 1 else fma32.fma(beta, offset, gamma)
        scale = factor * gamma
        rest = fma32.fma(offset, planes, scale)
    found = planes * scale + offset if in_bf16 else fma32.fma(offset, planes, scale)
    pixels = planes.shape[2]
    return np.where(np.arange(pixels) >= pixels * pack // 4 * 4 // pack, rest, found)
