"""Direct 3x3 convolution of packed channels (8 to 8, stride 1 or 2; 4 to 4, stride 1).

The output begins at the bias and is updated by one block of 8 (4) input channels after another. How a
block's terms are added depends on the column of the output, because the kernel takes columns four at a time, then two,
then one:

- in full groups of four, one accumulator goes through all terms (kernel position outer, channel inner);
- in a group of two, the even channels are summed apart, begun at a rounded product, and added at the end;
- in a single last column, channels 0, 1 and 2 mod 4 are summed apart, and the output takes 3 mod 4.

Source: ncnn `src/layer/arm/convolution_3x3_pack8_fp16s.h`, `convolution_3x3_pack4_fp16s.h`, and the released build.
"""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.kernels.activation16 import activate
from maskctl.kernels.operands import Operands, Order, equal_blocks, operands
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma16
from maskctl.numeric.formats import FloatArray

Flags: TypeAlias = npt.NDArray[np.bool_]


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    terms = operands(params, weights, inputs[0])
    pack = elempack(terms.channels, options)
    apart = np.arange(terms.taps * pack) % 2 == 0
    return (activate(params, terms.arranged(by_columns(terms, pack, terms.out_shape[3] // 4 * 4, apart))),)


def by_columns(terms: Operands, pack: int, fours: int, apart: Flags) -> FloatArray:
    """The sums, (m, n * positions): columns left of `fours` in groups of four, then in twos, then one alone.

    `apart` says which terms of a block of `pack` channels a group of two sums apart.
    """
    orders = [terms.block_order(block) for block in equal_blocks(terms.channels, pack)]
    width = terms.out_shape[3]
    column = terms.column_in_row
    alone = (column == width - 1) & ((width - fours) % 2 == 1)
    totals = np.empty((len(terms.weight), terms.columns.shape[1]), np.float32)
    for group, summed in (
        (column < fours, _in_fours),
        ((column >= fours) & ~alone, partial(_in_twos, apart=apart)),
        (alone, _alone),
    ):
        if group.any():
            totals[:, group] = summed(terms, terms.columns[:, group], orders)
    return totals


def _in_fours(terms: Operands, columns: FloatArray, orders: list[Order]) -> FloatArray:
    order = np.concatenate(orders)
    return fma16.chain(terms.bias, terms.weight[:, order], columns[order])


def _in_twos(terms: Operands, columns: FloatArray, orders: list[Order], apart: Flags) -> FloatArray:
    total = np.broadcast_to(terms.bias, (len(terms.bias), columns.shape[1]))
    for order in orders:
        even, odd = order[apart], order[~apart]
        beside = fma16.chain(None, terms.weight[:, even], columns[even])
        total = fma16.add(beside, fma16.chain(total, terms.weight[:, odd], columns[odd]))
    return total


def _alone(terms: Operands, columns: FloatArray, orders: list[Order]) -> FloatArray:
    total = np.broadcast_to(terms.bias, (len(terms.bias), columns.shape[1]))
    for order in orders:
        first, second, third = (
            fma16.chain(None, terms.weight[:, order[lane::4]], columns[order[lane::4]]) for lane in range(3)
        )
        last = fma16.chain(total, terms.weight[:, order[3::4]], columns[order[3::4]])
        total = fma16.add(fma16.add(first, second), fma16.add(third, last))
    return total
