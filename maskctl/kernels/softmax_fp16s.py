"""Softmax in fp16, whatever the feature mask: maximum, exp, sum, and a multiplication by the reciprocal of the sum.

As the engine does with one thread, to the bit. How terms are added follows from where they lie in memory: along the
outermost axis, along rows, or along an axis between.
Source: ncnn `src/layer/arm/softmax_arm_asimdhp.cpp` and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.packing import Options, elempack
from maskctl.kernels.softmax_axes import along
from maskctl.layers import softmax
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma16, math16
from maskctl.numeric.fma16 import add
from maskctl.numeric.formats import FP16, FloatArray, round_to


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """Softmax of each sample along the axis."""
    values = inputs[0]
    axis = softmax.axis_of(params, values.ndim - 1)
    pack = elempack(values.shape[1], options)
    with np.errstate(all="ignore"):
        return (along(values, axis, pack, vector=_vector, packed_rows=_packed_rows, planes=_over_channels),)


def _packed_rows(values: FloatArray) -> FloatArray:
    """Rows of packed elements, (rows, w, lanes). Four lanes are read two elements at a time.

    Then even and odd elements are summed apart, and a last single element is divided by the sum.
    """
    shifted = add(values, -_largest(values))
    if values.shape[2] == 8:
        grown = math16.exp(shifted)
        return fma16.multiply(grown, _reciprocal(_in_order(grown)))
    pairs = values.shape[1] // 2 * 2
    grown = np.concatenate([math16.exp(shifted[:, :pairs]), math16.exp_in_fours(shifted[:, pairs:])], axis=1)
    total = add(_in_order(grown[:, pairs:]), add(_in_order(grown[:, 0:pairs:2]), _in_order(grown[:, 1:pairs:2])))
    result = fma16.multiply(grown, _reciprocal(total))
    result[:, pairs:] = round_to(grown[:, pairs:] / total, "fp16")
    return result


def _largest(values: FloatArray) -> FloatArray:
    """The maximum along axis 1, begun at the lowest finite value."""
    largest: FloatArray = np.maximum(values.max(1, keepdims=True), np.float32(-FP16.largest))
    return largest


def _reciprocal(total: FloatArray) -> FloatArray:
    return round_to(np.reciprocal(total), "fp16")


def _in_order(terms: FloatArray) -> FloatArray:
    """Terms along axis 1 added one by one, begun at 0."""
    total: FloatArray = np.zeros((terms.shape[0], 1, *terms.shape[2:]), np.float32)
    for index in range(terms.shape[1]):
        total = add(total, terms[:, index : index + 1])
    return total


def _vector(values: FloatArray) -> FloatArray:
    """Rank 1, (n, w): eight lanes over full blocks of eight, four over a block of four, the rest one by one.

    The block of four is divided by the sum; all others are multiplied by its reciprocal.
    """
    width = values.shape[1]
    eights, fours = width // 8 * 8, width // 4 * 4
    largest = _largest(values)
    shifted = add(values, -largest)
    block = math16.exp_in_fours(shifted[:, eights:fours])
    grown = np.concatenate(
        [math16.exp(shifted[:, :eights]), block, math16.exp_one_by_one(values[:, fours:] - largest)], axis=1
    )
    lanes = np.zeros((len(values), 8), np.float32)
    for start in range(0, eights, 8):
        lanes = add(lanes, grown[:, start : start + 8])
    quarter = add(lanes[:, :4], lanes[:, 4:])
    if fours > eights:
        quarter = add(block, quarter)
    total = add(_in_order(grown[:, fours:]), _pairwise(quarter))
    result = fma16.multiply(grown, _reciprocal(total))
    result[:, eights:fours] = round_to(block / total, "fp16")
    return result


def _pairwise(terms: FloatArray) -> FloatArray:
    """Terms along axis 1 added pair by pair of neighbours until one is left."""
    while terms.shape[1] > 1:
        terms = add(terms[:, 0::2], terms[:, 1::2])
    return terms


def _over_channels(values: FloatArray, pack: int) -> FloatArray:
    """Along the channels, (n, c, pixels): one packed block of channels after another."""
    largest = _largest(values)
    shifted = add(values, -largest)
    pixels = values.shape[2]
    eights, fours = pixels // 8 * 8, pixels // 4 * 4
    grown = math16.exp(shifted)
    if pack == 1:
        grown[:, :, eights:fours] = math16.exp_in_fours(shifted[:, :, eights:fours])
        grown[:, :, fours:] = math16.exp_one_by_one((values - largest)[:, :, fours:])
    total = np.zeros_like(largest)
    for start in range(0, values.shape[1], pack):
        block = grown[:, start : start + pack]
        total = add(total, _pairwise(block) if pack < 8 else _pairwise_by_eight(block, fours))
    return fma16.multiply(grown, _reciprocal(total))


def _pairwise_by_eight(block: FloatArray, fours: int) -> FloatArray:
    """The sum of eight channels: of neighbours first, but in the pixels left over from fours, of halves first."""
    halves = block[:, [0, 4, 1, 5, 2, 6, 3, 7], fours:]
    return np.concatenate([_pairwise(block[:, :, :fours]), _pairwise(halves)], axis=2)
