"""Convolution by im2col and gemm: one fp16 accumulator per output, begun at the bias.

Terms are added block of channels by block (8, 4 or 1, as the input is packed), within a block kernel position by
position, within a position channel by channel. In the pixels left over from groups of four, two things differ: in a
pair of them, eight outputs have two accumulators that take turns; and outputs left over from fours are summed in scalar
code. Splitting k into tiles, which the engine does beyond some 20,000 terms, is not
computed: with one accumulator it changes nothing.

Source: ncnn `src/layer/arm/convolution_im2col_gemm_fp16s.h` and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate, activate_map
from maskctl.kernels.operands import Operands, equal_blocks, operands
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts, fma16
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    is_1x1 = (params.integer("kernel_w"), params.integer("kernel_h")) == (1, 1)
    terms = operands(params, weights, inputs[0], casts.flat if is_1x1 else casts.nearest)
    order = terms.order(equal_blocks(terms.channels, elempack(terms.channels, options)))
    weight, columns = terms.weight[:, order], terms.columns[order]
    result = terms.arranged(_sums(terms, weight, columns))
    if convolution.is_inner_product(params, inputs[0].shape[1:]):
        return (activate(params, result.reshape(len(result), -1)),)
    return (activate_map(params, result, options),)


def _sums(terms: Operands, weight: FloatArray, columns: FloatArray) -> FloatArray:
    """The matrix product, with what differs in the pixels that a sample has left over from groups of four."""
    totals = fma16.chain(terms.bias, weight, columns)
    pixels = terms.out_shape[2] * terms.out_shape[3]
    place = np.arange(columns.shape[1]) % pixels
    rest = place >= pixels // 4 * 4
    pair = rest & (place < pixels // 2 * 2)
    eights, fours = len(weight) // 8 * 8, len(weight) // 4 * 4
    if eights and pair.any():
        totals[:eights, pair] = _in_turns(terms.bias[:eights], weight[:eights], columns[:, pair])
    if fours < len(weight) and rest.any():
        totals[fours:, rest] = fma16.chain_in_float32(terms.bias[fours:], weight[fours:], columns[:, rest])
    return totals


def _in_turns(bias: FloatArray, weight: FloatArray, columns: FloatArray) -> FloatArray:
    """Odd terms follow the bias, even ones are summed apart; both are joined before the last `k mod 4` terms."""
    fours = weight.shape[1] // 4 * 4
    even = fma16.chain(np.zeros_like(bias), weight[:, 0:fours:2], columns[0:fours:2])
    odd = fma16.chain(bias, weight[:, 1:fours:2], columns[1:fours:2])
    return fma16.chain(fma16.add(even, odd), weight[:, fours:], columns[fours:])
