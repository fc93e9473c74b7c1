"""Convolution with one fp16 accumulator per output, begun at the bias: im2col + gemm, and some direct kernels.

Terms are added block of channels by block (8, 4 or 1, as the input is packed), within a block kernel position by
position, within a position channel by channel. Tiling over k changes nothing: partial sums are kept in fp16.
Source: ncnn `src/layer/arm/convolution_im2col_gemm_fp16s.h`, `convolution_3x3_pack1to8_fp16s.h`.
"""

from __future__ import annotations

from maskctl.kernels.activation16 import activate
from maskctl.kernels.operands import equal_blocks, operands
from maskctl.kernels.packing import elempack
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts, fma16


def forward(params: Params, weights: Weights, inputs: Arrays) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    terms = operands(params, weights, inputs[0], casts.flat)
    order = terms.order(equal_blocks(terms.channels, elempack(terms.channels)))
    totals = fma16.chain(terms.bias, terms.weight[:, order], terms.columns[order])
    result = activate(params, terms.arranged(totals))
    return (result.reshape(len(result), -1) if convolution.is_inner_product(params, inputs[0].shape[1:]) else result,)
