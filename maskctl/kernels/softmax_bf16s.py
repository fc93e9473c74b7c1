"""Softmax of bf16 blobs: exp in fp32 is stored as bf16, its sum is of what was not stored, and the reciprocal multiplies.

As the engine does with one thread. Source: ncnn `src/layer/arm/softmax_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import moments
from maskctl.kernels.packing import Options, elempack
from maskctl.kernels.softmax_axes import along
from maskctl.kernels.softmax_fp32 import grown, largest
from maskctl.layers import softmax
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts, libm32, neon32
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """Softmax of each sample along the axis."""
    values = inputs[0]
    axis = softmax.axis_of(params, values.ndim - 1)
    pack = elempack(values.shape[1], options)
    with np.errstate(all="ignore"):
        return (along(values, axis, pack, vector=_vector, packed_rows=_packed_rows, planes=_planes),)


def _divided(powers: FloatArray, total: FloatArray) -> FloatArray:
    kept = casts.one_by_one_to_bf16(powers)
    return casts.one_by_one_to_bf16(kept * np.reciprocal(total))


def _vector(values: FloatArray) -> FloatArray:
    """(rows, terms): two vectors of four sums, which a last four joins; what is left over is summed by itself."""
    fours, eights = values.shape[1] // 4 * 4, values.shape[1] // 8 * 8
    powers = grown(values)
    pairs = powers[:, :eights].reshape(len(powers), -1, 2, 4).transpose(2, 1, 0, 3)
    joined = moments.chain_of_sums(pairs[0]) + moments.chain_of_sums(pairs[1])
    if fours > eights:
        joined = joined + powers[:, eights:fours]
    total = moments.chain_of_sums(powers[:, fours:].T) + moments.across(joined)
    return _divided(powers, total[:, None])


def _packed_rows(values: FloatArray) -> FloatArray:
    """(rows, terms, lanes): even and odd terms are summed apart, a last single one joins them."""
    powers = neon32.exp(values - largest(values))
    pairs = values.shape[1] // 2 * 2
    terms = powers.swapaxes(0, 1)
    total = moments.chain_of_sums(terms[0:pairs:2]) + moments.chain_of_sums(terms[1:pairs:2])
    if pairs < len(terms):
        total = total + terms[pairs]
    return _divided(powers, total[:, None])


def _planes(values: FloatArray, pack: int) -> FloatArray:
    """(rows, terms, pixels): one packed block of terms after another, neighbours first."""
    shifted = values - largest(values)
    pixels = values.shape[2]
    fours = pixels if pack > 1 else pixels // 4 * 4
    powers = np.concatenate([neon32.exp(shifted[:, :, :fours]), libm32.exp(shifted[:, :, fours:])], axis=2)
    total = np.zeros((len(values), pixels), np.float32)
    for start in range(0, values.shape[1], pack):
        block = powers[:, start : start + pack]
        while block.shape[1] > 1:
            block = block[:, 0::2] + block[:, 1::2]
        total = total + block[:, 0]
    return _divided(powers, total[:, None])
