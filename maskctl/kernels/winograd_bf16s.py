"""Winograd convolution of bf16 blobs around its transforms: everything is fp32 between the blobs.

The weights are not rounded before their transform. The input is cut into overlapping tiles of m + 2 rows and columns,
zero beyond its border; transformed (columns of a row first, then rows); multiplied with the transformed kernels, one
accumulator from 0 over the input channels; transformed back (rows first, then columns, where the bias enters) and
rounded once, ties away from zero. A built-in activation is a layer of its own.
Source: ncnn `src/layer/arm/convolution_3x3_winograd_bf16s.h`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from maskctl.kernels.activation_bf16s import activated_map
from maskctl.kernels.operands_bf16s import bias_of
from maskctl.kernels.packing import Options
from maskctl.kernels.winograd_tiles import both_axes, tiles_of
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma32
from maskctl.numeric.bf16 import away
from maskctl.numeric.formats import FloatArray

InputTransform: TypeAlias = Callable[[Sequence[FloatArray]], list[FloatArray]]
OutputTransform: TypeAlias = "Callable[[Sequence[FloatArray], FloatArray | None], list[FloatArray]]"
Restore: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]
"""Products (s, s, m, p) and the bias (m, 1) give outputs (row in tile, column in tile, m, p)."""


@dataclass(frozen=True)
class WinogradInFloat32:
    """One winograd variant: outputs per tile side, its kernel transform and its transforms, as in `winograd_tiles`.

    `output_single` is that of scalar code, for the last of an odd number of outputs.
    """

    outputs: int
    kernels: Callable[[FloatArray], FloatArray]
    input: InputTransform
    output: Restore
    output_single: Restore

    def forward(self, params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
        """The output map of each sample."""
        values = inputs[0]
        n = len(values)
        outputs, height, width = convolution.shapes(params, (values.shape[1:],))[0]
        with np.errstate(all="ignore"):
            tiles = both_axes(self.input, tiles_of(params, values, self.outputs, height, width))
            kernels = self.kernels(weights["weight"])
            side = len(kernels)
            products = np.empty((side, side, outputs, tiles.shape[3]), np.float32)
            for row, column in np.ndindex(side, side):
                products[row, column] = _product(kernels[row, column], tiles[row, column], tiles.shape[3] // n)
            bias, twos = bias_of(params, weights)[:, None], outputs // 2 * 2
            parts = [
                restore(products[:, :, part], bias[part])
                for restore, part in ((self.output, slice(0, twos)), (self.output_single, slice(twos, None)))
            ]
            out = np.concatenate(parts, axis=2)
        rows, columns = -(-height // self.outputs), -(-width // self.outputs)
        maps = out.reshape(self.outputs, self.outputs, outputs, n, rows, columns).transpose(3, 2, 4, 0, 5, 1)
        whole = maps.reshape(n, outputs, rows * self.outputs, columns * self.outputs)
        return (activated_map(params, away(whole[:, :, :height, :width]), options),)


def two_passes(transform: OutputTransform) -> Restore:
    """The output transform over the rows of each tile, then over its columns, where the bias enters."""

    def restore(products: FloatArray, bias: FloatArray) -> FloatArray:
        by_row = np.stack(transform([*products], None))
        return np.stack(transform([*by_row.swapaxes(0, 1)], bias)).swapaxes(0, 1)

    return restore


def _product(kernel: FloatArray, tile: FloatArray, count: int) -> FloatArray:
    """Kernels (m, c) times tiles (c, n * count): one accumulator, unless tiles are left over from fours.

    The last tile of an odd number, and for a block of four outputs the pair before it, have two or four accumulators
    that take turns over whole fours of channels.
    """
    place = np.arange(tile.shape[1]) % count
    single, pair = place >= count // 2 * 2, (place >= count // 4 * 4) & (place < count // 2 * 2)
    eights, fours = len(kernel) // 8 * 8, len(kernel) // 4 * 4
    out = fma32.chain(kernel, tile)
    for rows, places, lanes in (
        (slice(0, eights), single, 2),
        (slice(eights, fours), pair, 2),
        (slice(eights, fours), single, 4),
    ):
        if places.any() and len(kernel[rows]) and len(tile) >= 4:
            out[rows, places] = _in_turns(kernel[rows], tile[:, places], lanes)
    # Vectors the compiler made of scalar code: the last tile of outputs left over from fours, the pair of the single output.
    alone = slice(len(kernel) // 2 * 2, None)
    for rows, places in ((slice(fours, None), single), (alone, pair)):
        if places.any() and len(kernel[rows]) and len(tile) >= 4:
            out[rows, places] = _in_turns(kernel[rows], tile[:, places], 4, lambda s: (s[0] + s[1]) + (s[2] + s[3]))
    return out


_JOINS: dict[int, Callable[[Sequence[FloatArray]], FloatArray]] = {
    2: lambda s: s[0] + s[1],
    4: lambda s: (s[0] + s[2]) + (s[1] + s[3]),
}


def _in_turns(
    kernel: FloatArray,
    tile: FloatArray,
    lanes: int,
    join: Callable[[Sequence[FloatArray]], FloatArray] | None = None,
) -> FloatArray:
    fours = len(tile) // 4 * 4
    s = [fma32.chain(kernel[:, lane:fours:lanes], tile[lane:fours:lanes]) for lane in range(lanes)]
    return fma32.chain(kernel[:, fours:], tile[fours:], (join or _JOINS[lanes])(s))
