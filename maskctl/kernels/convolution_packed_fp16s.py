"""Packed direct convolution of fp16 blobs with fp32 sums. With fp16 arithmetic off the engine has no other.

Outputs in full groups of four have four accumulators, one of which begins at the bias. Those left over have four lanes
over blocks of eight channels, then over a block of four, and take the last channels term by term. They come as a pair and
as a single one; hard swish makes 0 of what is not seen to be above its lower limit in the first of the pair, so also of NaN.

Source: ncnn `src/layer/arm/convolution_packed_fp16s.h` and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import activation32
from maskctl.kernels.hardsigmoid_fp16s_bf16s import limits
from maskctl.kernels.operands import Operands, Order, falling_blocks, operands
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import activation
from maskctl.numeric.chain32 import chain, joined
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays, _options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    terms = operands(params, weights, inputs[0])
    outputs = len(terms.weight)
    bias = (weights["bias"] if params.integer("bias_term") else np.zeros(outputs, np.float32))[:, None]
    fours = outputs // 4 * 4
    totals = np.empty((outputs, terms.columns.shape[1]), np.float32)
    for rows, summed in ((slice(0, fours), _four_accumulators), (slice(fours, outputs), _four_lanes)):
        if rows.start < rows.stop:
            totals[rows] = summed(terms, rows, bias[rows])
    is_map = inputs[0].ndim != 3  # rows have a function of their own
    first_of_pair = totals[fours].copy() if outputs - fours >= 2 and is_map else None
    totals[:fours] = activation32.activate(params, totals[:fours])
    totals[fours:] = activation32.activate_one_by_one(params, totals[fours:])
    number, numbers = activation.kind(params)
    if number == activation.HARD_SWISH and first_of_pair is not None:
        lower, _ = limits(*map(np.float32, numbers[:2]))
        totals[fours][~(first_of_pair >= lower)] = 0
    out = terms.arranged(round_to(totals, "fp16"))
    return (out.reshape(len(out), -1) if inputs[0].ndim == 2 else out,)


def _four_accumulators(terms: Operands, rows: slice, bias: FloatArray) -> FloatArray:
    """Channels come in blocks of 8, then 4, 2 and 1. In a block, kernel position by position, channel t adds to t mod 4."""
    blocks = falling_blocks(terms.channels, (8, 4, 2, 1))
    zero = np.zeros_like(bias)
    begun = (bias, zero, zero, zero)
    return joined([_chain(terms, rows, _lane(terms, blocks, lane, 4), begun[lane]) for lane in range(4)])


def _four_lanes(terms: Operands, rows: slice, bias: FloatArray) -> FloatArray:
    zero = np.zeros_like(bias)
    eights = falling_blocks(terms.channels, (8,))
    rest = falling_blocks(terms.channels, (8, 4, 2, 1))[len(eights) :]
    four, last = [block for block in rest if len(block) == 4], [block for block in rest if len(block) < 4]
    with np.errstate(all="ignore"):
        eight = [_chain(terms, rows, _lane(terms, eights, lane, 8), zero) for lane in range(8)]
        total = bias + joined([eight[lane] + eight[lane + 4] for lane in range(4)])
        total = total + joined([_chain(terms, rows, _lane(terms, four, lane, 4), zero) for lane in range(4)])
    return _chain(terms, rows, terms.order(last), total) if last else total


def _lane(terms: Operands, blocks: list[range], lane: int, lanes: int) -> Order:
    of_lane = [block[lane::lanes] for block in blocks if len(block) > lane]
    return terms.order(of_lane) if of_lane else np.arange(0)


def _chain(terms: Operands, rows: slice, order: Order, start: FloatArray) -> FloatArray:
    return chain(start, terms.weight[rows][:, order], terms.columns[order])
