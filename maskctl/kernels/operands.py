"""The operands of a convolution as one matrix product, and the order in which kernels walk through its terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskctl.layers import convolution
from maskctl.layers.base import Params, Weights
from maskctl.layers.families.windows import patches
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray

Order = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Operands:
    """fp16 operands: weight (m, k), columns (k, n * positions), bias (m, 1); k counts channels, then kernel positions.

    `out_shape` is (n, m, out_h, out_w).
    """

    weight: FloatArray
    columns: FloatArray
    bias: FloatArray
    channels: int
    taps: int
    out_shape: tuple[int, int, int, int]

    @property
    def column_in_row(self) -> npt.NDArray[np.intp]:
        """For each position, its column in the output map."""
        return np.arange(self.columns.shape[1]) % self.out_shape[3]

    def order(self, blocks: Sequence[range]) -> Order:
        """Indices into k in the order: block of channels, kernel position, channel in the block."""
        return np.concatenate([self.block_order(block) for block in blocks])

    def block_order(self, block: range) -> Order:
        """Indices into k of one block of channels: kernel position outer, channel inner."""
        by_tap: Order = np.arange(self.taps)[:, None] + np.asarray(block)[None, :] * self.taps
        return by_tap.reshape(-1)

    def arranged(self, totals: FloatArray) -> FloatArray:
        """(m, n * positions) as (n, m, out_h, out_w)."""
        n, m, height, width = self.out_shape
        return np.ascontiguousarray(totals.reshape(m, n, height, width).transpose(1, 0, 2, 3))


def operands(
    params: Params,
    weights: Weights,
    values: FloatArray,
    cast_weight: Callable[[FloatArray], FloatArray] = casts.nearest,
) -> Operands:
    """The operands of a convolution whose inputs `values` (n, c, h, w), or rows (n, c, w), are fp16 already."""
    if values.ndim == 2:
        values = values[:, :, None, None]
    padded, window = convolution.placed(params, values)
    seen = patches(padded, window)
    if seen.ndim == 4:
        seen = seen[:, :, None, :, None]
    n, channels, kernel_h, kernel_w, height, width = seen.shape
    outputs = params.integer("num_output")
    bias = weights["bias"] if params.integer("bias_term") else np.zeros(outputs, np.float32)
    return Operands(
        weight=cast_weight(weights["weight"]).reshape(outputs, -1),
        columns=seen.transpose(1, 2, 3, 0, 4, 5).reshape(channels * kernel_h * kernel_w, -1),
        bias=casts.flat(bias)[:, None],
        channels=channels,
        taps=kernel_h * kernel_w,
        out_shape=(n, outputs, height, width),
    )


def equal_blocks(channels: int, size: int) -> list[range]:
    """Channels in blocks of one size.

    >>> equal_blocks(8, 4)
    [range(0, 4), range(4, 8)]
    """
    return [range(start, start + size) for start in range(0, channels, size)]


def falling_blocks(channels: int, sizes: Sequence[int]) -> list[range]:
    """Channels in as many blocks of the first size as fit, the rest in blocks of the next, and so on.

    >>> falling_blocks(15, (8, 4, 2, 1))
    [range(0, 8), range(8, 12), range(12, 14), range(14, 15)]
    """
    blocks, start = [], 0
    for size in sizes:
        while channels - start >= size:
            blocks.append(range(start, start + size))
            start += size
    return blocks
