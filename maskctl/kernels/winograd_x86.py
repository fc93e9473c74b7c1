"""Winograd convolution of bf16 blobs on x86-64: fp32 weights and fp32 transforms, one rounding at the end.

Only the input is bf16: the engine transforms the weights as the file has them, by the operations that the arm64 build's
compiler chose too. A value that is not finite spreads over its
tile. Sums over channels are in an order of numpy's own. Source: ncnn `src/layer/x86/convolution_3x3_winograd_bf16s.h`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from maskctl.kernels import bf16_x86
from maskctl.kernels.packing import Options
from maskctl.kernels.sums_bf16s_x86 import activated
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.windows import Window, patches
from maskctl.numeric.formats import FloatArray

Transform: TypeAlias = Callable[[Sequence[FloatArray]], list[FloatArray]]


@dataclass(frozen=True)
class Winograd:
    """One variant: outputs per tile side, its kernels, and what maps the values along one axis of input tiles and of sums.

    `kernels` makes (row frequency, column frequency, m, c) of (m, c, 3, 3).
    """

    outputs: int
    kernels: Callable[[FloatArray], FloatArray]
    input: Transform
    output: Transform

    def forward(self, params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
        """The output map of each sample."""
        values = inputs[0]
        outputs, height, width = convolution.shapes(params, (values.shape[1:],))[0]
        with np.errstate(all="ignore"):
            tiles = self._tiles(params, values, height, width)
            products = np.matmul(self.kernels(weights["weight"])[:, :, None], _both_axes(self.input, tiles))
            sums = _both_axes(self.output, products.swapaxes(0, 1)).swapaxes(0, 1)  # rows first
            rows, columns = -(-height // self.outputs), -(-width // self.outputs)
            maps = sums.reshape(self.outputs, self.outputs, -1, outputs, rows, columns).transpose(2, 3, 4, 0, 5, 1)
            whole = maps.reshape(-1, outputs, rows * self.outputs, columns * self.outputs)[:, :, :height, :width]
            if params.integer("bias_term"):
                whole = whole + weights["bias"][:, None, None]
            return (bf16_x86.vectors(activated(params, whole), options),)

    def _tiles(self, params: Params, values: FloatArray, height: int, width: int) -> FloatArray:
        """The input tiles, (row in tile, column in tile, n, c, tiles)."""
        padded, _ = convolution.placed(params, values)
        side = self.outputs + 2
        whole = [-(-extent // self.outputs) * self.outputs + 2 for extent in (height, width)]
        below, right = (max(0, wanted - have) for wanted, have in zip(whole, padded.shape[2:], strict=True))
        extended = np.pad(padded, ((0, 0), (0, 0), (0, below), (0, right)))
        seen = patches(extended, Window((side, side), (self.outputs, self.outputs)))
        tiles: FloatArray = seen.transpose(2, 3, 0, 1, 4, 5).reshape(side, side, *values.shape[:2], -1)
        return tiles


def _both_axes(transform: Transform, values: FloatArray) -> FloatArray:
    """The transform along the second axis, then along the first."""
    by_column = np.stack(transform([*values.swapaxes(0, 1)]))
    return np.stack(transform([*by_column.swapaxes(0, 1)]))
