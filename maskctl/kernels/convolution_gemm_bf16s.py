"""Convolution of bf16 blobs by im2col and gemm with the BF16 instructions: pairs of terms, in fp32.

Terms are ordered block of channels by block (4 or 1, as the input is packed), within a block kernel position by
position, within a position channel by channel. Outputs come in blocks of eight and four, a pair and a single one; a
sample's pixels in groups of which the last is a single pixel where their number is odd. Most sums begin at the bias and
take pair after pair, then the last term of an odd number. Different are, for the pixel left over, all outputs, and the
single output for all pixels. Vector code stores to nearest even, scalar code with ties away from zero.

Splitting k into tiles, which the engine does beyond some 20,000 terms, is not computed.
Source: ncnn `src/layer/arm/convolution_im2col_gemm_bf16s.h`, the part for CPUs with BF16 instructions.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation_bf16s import activated_map
from maskctl.kernels.operands import Operands, equal_blocks
from maskctl.kernels.operands_bf16s import bf16_operands
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import bf16
from maskctl.numeric.bf16 import away, chain, pair_chain
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    is_1x1 = (params.integer("kernel_w"), params.integer("kernel_h")) == (1, 1)
    terms = bf16_operands(params, weights, inputs[0], _nearest_even if is_1x1 else bf16.away)
    order = terms.order(equal_blocks(terms.channels, elempack(terms.channels, options)))
    stored = terms.arranged(_stored_sums(terms, terms.weight[:, order], terms.columns[order]))
    if convolution.is_inner_product(params, inputs[0].shape[1:]):
        stored = stored.reshape(len(stored), -1)
    return (activated_map(params, stored, options),)


def _nearest_even(weight: FloatArray) -> FloatArray:
    return round_to(weight, "bf16")


def _stored_sums(terms: Operands, weight: FloatArray, columns: FloatArray) -> FloatArray:
    """The matrix product (m, n * pixels) as stored."""
    pixels = terms.out_shape[2] * terms.out_shape[3]
    place = np.arange(columns.shape[1]) % pixels
    alone = place >= pixels // 2 * 2
    fours, twos = len(weight) // 4 * 4, len(weight) // 2 * 2
    out = np.empty((len(weight), columns.shape[1]), np.float32)
    out[:twos, ~alone] = round_to(_from_bias(terms.bias[:twos], weight[:twos], columns[:, ~alone]), "bf16")
    if alone.any():
        left = columns[:, alone]
        out[:fours, alone] = round_to(_in_two_lanes(terms.bias[:fours], weight[:fours], left), "bf16")
        out[fours:twos, alone] = away(_beside_bias(terms.bias[fours:twos], weight[fours:twos], left))
    if twos < len(weight):
        sums = _beside_bias(terms.bias[twos:], weight[twos:], columns)
        in_vectors = place < pixels // 4 * 4
        out[twos:] = np.where(in_vectors, round_to(sums, "bf16"), away(sums))
    return out


def _from_bias(bias: FloatArray, weight: FloatArray, columns: FloatArray) -> FloatArray:
    twos = weight.shape[1] // 2 * 2
    return chain(pair_chain(bias, weight[:, :twos], columns[:twos]), weight[:, twos:], columns[twos:])


def _beside_bias(bias: FloatArray, weight: FloatArray, columns: FloatArray) -> FloatArray:
    """The pairs are summed from 0 and added to the bias; the last term of an odd number follows."""
    twos = weight.shape[1] // 2 * 2
    total = _plus(bias, pair_chain(np.zeros_like(bias), weight[:, :twos], columns[:twos]))
    return chain(total, weight[:, twos:], columns[twos:])


def _in_two_lanes(bias: FloatArray, weight: FloatArray, columns: FloatArray) -> FloatArray:
    """In blocks of four terms the two pairs have a sum each; both join the bias, and what is left over follows."""
    fours = weight.shape[1] // 4 * 4
    index = np.arange(fours)
    zero = np.zeros_like(bias)
    first, second = (
        pair_chain(zero, weight[:, :fours][:, lane], columns[:fours][lane]) for lane in (index % 4 < 2, index % 4 >= 2)
    )
    return _from_bias(_plus(bias, _plus(first, second)), weight[:, fours:], columns[fours:])


def _plus(left: FloatArray, right: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        return left + right
