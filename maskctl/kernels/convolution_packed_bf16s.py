"""Packed direct convolution of bf16 blobs: four fp32 accumulators per output, four lanes for outputs left over from fours.

Source: ncnn `src/layer/arm/convolution_packed_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation32 import activate, activate_one_by_one
from maskctl.kernels.operands import Operands, Order, falling_blocks
from maskctl.kernels.operands_bf16s import bf16_operands
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import activation
from maskctl.numeric.bf16 import away, chain, chain_in_fours
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, _options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    terms = bf16_operands(params, weights, inputs[0])
    fours = len(terms.weight) // 4 * 4
    with np.errstate(all="ignore"):
        vectors = activate(params, _four_accumulators(terms, slice(0, fours)))
        scalars = activate_one_by_one(params, _left_over(terms, fours))
        if params.integer("activation_type") == activation.HARD_SWISH and len(scalars) > 1 and inputs[0].ndim != 3:
            scalars[0] = np.nan_to_num(scalars[0], nan=0.0, posinf=np.inf, neginf=-np.inf)  # the first of a pair
    return (terms.arranged(away(np.concatenate([vectors, scalars]))),)


def _four_accumulators(terms: Operands, rows: slice) -> FloatArray:
    """The first begins at the bias, the others at 0. Channels come in blocks of 8, then 4, 2 and 1.

    In a block, kernel position by position, channel t adds to accumulator t mod 4. The result is (s0 + s1) + (s2 + s3).
    """
    blocks = falling_blocks(terms.channels, (8, 4, 2, 1))
    bias = terms.bias[rows]
    sums = [
        _chain(terms, rows, _lane(terms, blocks, lane, 4), bias if lane == 0 else np.zeros_like(bias))
        for lane in range(4)
    ]
    return (sums[0] + sums[1]) + (sums[2] + sums[3])


def _left_over(terms: Operands, first: int) -> FloatArray:
    """The outputs from `first` on, a pair and a single one.

    Eight lanes from 0 over blocks of 8, four over a block of 4, each joined to the bias; a block of 2 and one of 1 follow.
    """
    rows = slice(first, None)
    total = np.broadcast_to(terms.bias[rows], (len(terms.weight) - first, terms.columns.shape[1]))
    zero = np.zeros_like(terms.bias[rows])
    eights = falling_blocks(terms.channels, (8,))
    if eights:
        lanes = [_chain(terms, rows, _lane(terms, eights, lane, 8), zero) for lane in range(8)]
        total = total + _across([lanes[lane] + lanes[lane + 4] for lane in range(4)])
    if terms.channels % 8 >= 4:
        four = [range(terms.channels // 8 * 8, terms.channels // 4 * 4)]
        total = total + _across([_chain(terms, rows, _lane(terms, four, lane, 4), zero) for lane in range(4)])
    for block in falling_blocks(terms.channels, (4, 2, 1))[terms.channels // 4 :]:
        begun, order = total, terms.block_order(block)
        total = _chain(terms, rows, order, begun)
        if len(total) % 2:
            total[-1:] = chain_in_fours(begun[-1:], terms.weight[-1:][:, order], terms.columns[order], len(block))
    return total


def _across(lanes: list[FloatArray]) -> FloatArray:
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])


def _lane(terms: Operands, blocks: list[range], lane: int, lanes: int) -> Order:
    of_lane = [block[lane::lanes] for block in blocks if len(block) > lane]
    return terms.order(of_lane) if of_lane else np.arange(0)


def _chain(terms: Operands, rows: slice, order: Order, start: FloatArray) -> FloatArray:
    return chain(start, terms.weight[rows][:, order], terms.columns[order])
