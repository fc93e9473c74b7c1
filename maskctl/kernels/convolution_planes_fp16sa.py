"""Direct convolution of unpacked input planes (3x3 with stride 1 or 2, 7x7 with stride 2): plane by plane.

One accumulator goes through the kernel positions of each plane. In the last column that 7x7 has left over from groups of
four, positions 0, 1 and 2 mod 4 are summed apart, and the output takes 3 mod 4.

Source: ncnn `src/layer/arm/convolution_3x3_pack1to8_fp16s.h`, `convolution_7x7_pack1to8_fp16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate
from maskctl.kernels.operands import Operands, equal_blocks, operands
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma16
from maskctl.numeric.fma16 import add
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, _options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    terms = operands(params, weights, inputs[0])
    totals = fma16.chain(terms.bias, terms.weight, terms.columns)
    width = terms.out_shape[3]
    rest = terms.column_in_row >= width // 4 * 4
    if terms.taps == 49 and rest.any():
        totals[:, rest] = _in_four_sums(terms, terms.columns[:, rest])
    return (activate(params, terms.arranged(totals)),)


def _in_four_sums(terms: Operands, columns: FloatArray) -> FloatArray:
    total = np.broadcast_to(terms.bias, (len(terms.bias), columns.shape[1]))
    for plane in equal_blocks(terms.channels, 1):
        order = terms.block_order(plane)
        first, second, third = (
            fma16.chain(None, terms.weight[:, order[lane::4]], columns[order[lane::4]]) for lane in range(3)
        )
        last = fma16.chain(total, terms.weight[:, order[3::4]], columns[order[3::4]])
        total = add(add(second, third), add(last, first))
    return total
