"""Packed direct convolution: four fp16 accumulators per output.

The first begins at the bias, the others at 0. Input channels come in blocks of 8, then 4, 2 and 1; in a block,
kernel position by position, channel t adds to accumulator t mod 4 (a block of 2 uses the first two, one of 1 the
first). The result is (s0 + s1) + (s2 + s3). Source: ncnn `src/layer/arm/convolution_packed_fp16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate
from maskctl.kernels.operands import falling_blocks, operands
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma16


def forward(params: Params, weights: Weights, inputs: Arrays) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    terms = operands(params, weights, inputs[0])
    blocks = falling_blocks(terms.channels, (8, 4, 2, 1))
    sums = []
    for lane in range(4):
        of_lane = [block[lane::4] for block in blocks if len(block) > lane]
        order = terms.order(of_lane) if of_lane else np.arange(0)
        start = terms.bias if lane == 0 else np.zeros_like(terms.bias)
        sums.append(fma16.chain(start, terms.weight[:, order], terms.columns[order]))
    totals = fma16.add(fma16.add(sums[0], sums[1]), fma16.add(sums[2], sums[3]))
    return (activate(params, terms.arranged(totals)),)
