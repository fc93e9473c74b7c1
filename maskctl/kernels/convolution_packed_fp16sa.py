"""Packed direct convolution: four fp16 accumulators per output, eight lanes for the outputs left over from fours.

Source: ncnn `src/layer/arm/convolution_packed_fp16s.h` and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate, activate_one_by_one
from maskctl.kernels.operands import Operands, Order, falling_blocks, operands
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma16
from maskctl.numeric.fma16 import add
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, _options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    terms = operands(params, weights, inputs[0])
    fours = len(terms.weight) // 4 * 4
    totals = np.empty((len(terms.weight), terms.columns.shape[1]), np.float32)
    if fours:
        totals[:fours] = _four_accumulators(terms, slice(0, fours))
    if fours < len(totals):
        totals[fours:] = _eight_lanes(terms, slice(fours, None))
    out = terms.arranged(totals)
    return (np.concatenate([activate(params, out[:, :fours]), activate_one_by_one(params, out[:, fours:])], axis=1),)


def _four_accumulators(terms: Operands, rows: slice) -> FloatArray:
    """The first begins at the bias, the others at 0. Channels come in blocks of 8, then 4, 2 and 1.

    In a block, kernel position by position, channel t adds to accumulator t mod 4 (a block of 2 uses the first
    two, one of 1 the first). The result is (s0 + s1) + (s2 + s3).
    """
    blocks = falling_blocks(terms.channels, (8, 4, 2, 1))
    bias = terms.bias[rows]
    sums = [
        _chain(terms, rows, _lane(terms, blocks, lane, 4), bias if lane == 0 else np.zeros_like(bias))
        for lane in range(4)
    ]
    return add(add(sums[0], sums[1]), add(sums[2], sums[3]))


def _eight_lanes(terms: Operands, rows: slice) -> FloatArray:
    """Eight accumulators from 0 over blocks of 8 and 4 channels; the channels left over follow the bias.

    Those are added in float32 and rounded after each term. The result is that sum plus the joined lanes.
    """
    zero = np.zeros_like(terms.bias[rows])
    blocks = falling_blocks(terms.channels, (8, 4))
    lanes = [_chain(terms, rows, _lane(terms, blocks, lane, 8), zero) for lane in range(8)]
    joined = [add(lanes[lane], lanes[lane + 4]) for lane in range(4)]
    rest = falling_blocks(terms.channels, (4, 2, 1))[terms.channels // 4 :]
    total = np.broadcast_to(terms.bias[rows], (len(zero), terms.columns.shape[1]))
    if rest:
        order = terms.order(rest)
        total = fma16.chain_in_float32(total, terms.weight[rows][:, order], terms.columns[order])
    return add(total, add(add(joined[0], joined[1]), add(joined[2], joined[3])))


def _lane(terms: Operands, blocks: list[range], lane: int, lanes: int) -> Order:
    of_lane = [block[lane::lanes] for block in blocks if len(block) > lane]
    return terms.order(of_lane) if of_lane else np.arange(0)


def _chain(terms: Operands, rows: slice, order: Order, start: FloatArray) -> FloatArray:
    return fma16.chain(start, terms.weight[rows][:, order], terms.columns[order])
