"""Hand-written convolutions of bf16 blobs: fp32 accumulators begun at the bias, one rounding at the end.

Channels come in blocks (4 or 1, as the input is packed); each block goes on with the sum of the one before, kernel
position by position, channel by channel. Columns come in groups of four, then a pair, then a single one. Fours have one
accumulator; the terms of the pair go to two in turns, those of the single column to four, and the last of these is the one
that goes on. 3x3 kernels over planes differ: blocks of eight outputs have one accumulator everywhere, a block of four has
three in the pair of stride 1 and one in the single column. A built-in activation is a layer of its own.

Source: ncnn `src/layer/arm/convolution_3x3_pack4_bf16s.h`, `convolution_5x5_pack4_bf16s.h`,
`convolution_3x3_pack1to4_bf16s.h` and `convolution_7x7_pack1to4_bf16s.h`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.kernels.activation_bf16s import activated_map
from maskctl.kernels.operands import Operands, equal_blocks
from maskctl.kernels.operands_bf16s import bf16_operands
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.bf16 import away, chain
from maskctl.numeric.formats import FloatArray

_Join: TypeAlias = Callable[[Sequence[FloatArray]], FloatArray]

_JOINS: dict[int, _Join] = {
    3: lambda s: (s[0] + s[1]) + (s[2] + s[3]),
    5: lambda s: ((s[0] + s[1]) + s[2]) + s[3],
    7: lambda s: (s[3] + s[0]) + (s[1] + s[2]),
}
"""How the four accumulators of the single column are joined, by the kernel's size."""


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    terms = bf16_operands(params, weights, inputs[0])
    size, stride = params.integer("kernel_w"), params.integer("stride_w")
    pack = elempack(terms.channels, options)
    total = np.array(np.broadcast_to(terms.bias, (len(terms.weight), terms.columns.shape[1])), np.float32)
    alone = (
        len(total) // 8 * 8 if size == 3 and pack == 1 else 0
    )  # 3x3 planes: eight outputs go on with one sum everywhere
    with np.errstate(all="ignore"):
        for block in equal_blocks(terms.channels, pack):
            order = terms.block_order(block)
            weight, columns = terms.weight[:, order], terms.columns[order]
            total[:alone] = chain(total[:alone], weight[:alone], columns)
            for places, lanes in _groups(terms, size, stride, pack):
                start = total[alone:, places]
                s = _lanes(start, weight[alone:], columns[:, places], lanes)
                total[alone:, places] = _JOINS[size](s) if lanes == 4 else reduce(np.add, s)
    return (activated_map(params, terms.arranged(away(total)), options),)


def _groups(terms: Operands, size: int, stride: int, pack: int) -> tuple[tuple[npt.NDArray[np.intp], int], ...]:
    """The columns in fours, in the pair and the single one, and how many accumulators each has."""
    column, width = terms.column_in_row, terms.out_shape[3]
    fours, twos = width // 4 * 4, width // 2 * 2
    planes = size == 3 and pack == 1
    return (
        (np.flatnonzero(column < fours), 1),
        (np.flatnonzero((column >= fours) & (column < twos)), 3 if planes and stride == 1 else 2),
        (np.flatnonzero(column >= twos), 1 if planes else 4),
    )


def _lanes(start: FloatArray, weight: FloatArray, columns: FloatArray, lanes: int) -> list[FloatArray]:
    """Sums of the terms taken in turns; the last goes on from `start`, the others begin at their first product."""
    zero = np.zeros((len(weight), 1), np.float32)
    return [
        chain(start if lane == lanes - 1 else zero, weight[:, lane::lanes], columns[lane::lanes])
        for lane in range(lanes)
    ]
