"""Direct deconvolution in fp16, where gemm is switched off: one accumulator per output that goes block of channels by block.

Outputs left over from packing are summed in float32: of packed inputs, the rounded products of a block are joined first.
Four by four kernels of stride 2 without packing have code of their own.

Source: ncnn `src/layer/arm/deconvolution_arm_asimdhp.cpp`, `deconvolution_4x4_fp16s.h`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from maskctl.kernels.activation16 import activate, activate_one_by_one
from maskctl.kernels.deconvolution_places import cut, directly
from maskctl.kernels.operands import Operands, equal_blocks
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts, chain32, fma16
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    outputs, channels = weights["weight"].shape[:2]
    pack, out_pack = elempack(channels, options), elempack(outputs, options)
    bias = weights["bias"] if params.integer("bias_term") else np.zeros(outputs, np.float32)
    kept = casts.nearest(weights["weight"])
    if out_pack > 1:
        whole = directly(params, kept, casts.flat(bias), inputs[0], partial(_one_accumulator, pack=pack))
        return (cut(params, activate(params, whole)),)
    whole = directly(params, kept, bias, inputs[0], partial(_in_float32, pack=pack))
    return (cut(params, activate_one_by_one(params, round_to(whole, "fp16"))),)


def _one_accumulator(terms: Operands, pack: int) -> FloatArray:
    order = terms.order(equal_blocks(terms.channels, pack))
    return fma16.chain(terms.bias, terms.weight[:, order], terms.columns[order])


def _in_float32(terms: Operands, pack: int) -> FloatArray:
    order = terms.order(equal_blocks(terms.channels, pack))
    weight, columns = terms.weight[:, order], terms.columns[order]
    if pack == 1:
        return chain32.chain(terms.bias, weight, columns)
    total = np.broadcast_to(terms.bias, (len(weight), columns.shape[1]))
    with np.errstate(all="ignore"):
        for step in range(0, len(columns), pack):
            lanes = [fma16.multiply(weight[:, step + lane, None], columns[step + lane]) for lane in range(pack)]
            if pack == 8:
                lanes = [fma16.add(lanes[lane], lanes[lane + 4]) for lane in range(4)]
            total = total + ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
    return total
