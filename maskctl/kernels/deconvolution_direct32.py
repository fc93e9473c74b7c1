"""Direct deconvolution of 16-bit blobs with fp32 sums: one accumulator per output that goes block of channels by block.

Source: ncnn `src/layer/arm/deconvolution_arm.cpp`, `deconvolution_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from maskctl.kernels.deconvolution_places import directly
from maskctl.kernels.operands import Operands, equal_blocks
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Params, Weights
from maskctl.numeric import chain32
from maskctl.numeric.formats import FloatArray


def summed(params: Params, weight: FloatArray, weights: Weights, values: FloatArray, options: Options) -> FloatArray:
    """The whole output in fp32 without its activation, by a weight as the kernel keeps it."""
    outputs, channels = weight.shape[:2]
    pack, out_pack = elempack(channels, options), elempack(outputs, options)
    bias = weights["bias"] if params.integer("bias_term") else np.zeros(outputs, np.float32)
    sums = _one_accumulator if out_pack > 1 or pack == 1 else _block_by_block
    return directly(params, weight, bias, values, partial(sums, pack=pack))


def _one_accumulator(terms: Operands, pack: int) -> FloatArray:
    order = terms.order(equal_blocks(terms.channels, pack))
    return chain32.chain(terms.bias, terms.weight[:, order], terms.columns[order])


def _block_by_block(terms: Operands, pack: int) -> FloatArray:
    """The products of a block are joined before they are added."""
    order = terms.order(equal_blocks(terms.channels, pack))
    weight, columns = terms.weight[:, order, None], terms.columns[order]
    total = np.broadcast_to(terms.bias, (len(weight), columns.shape[1]))
    with np.errstate(all="ignore"):
        for step in range(0, len(columns), pack):
            total = total + chain32.joined([weight[:, place] * columns[place] for place in range(step, step + pack)])
    return total
