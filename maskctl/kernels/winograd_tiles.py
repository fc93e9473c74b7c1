"""Winograd convolution in fp16 around its transforms: tiles in, one product per frequency, tiles out.

The input is cut into overlapping tiles of m + 2 rows and columns, zero beyond its border; transformed (columns of a
row first, then rows); multiplied with the transformed kernels, one fp16 accumulator from 0 over the input channels;
transformed back (rows first, then columns, where the bias enters) to m x m outputs. Every stage is fp16.

Channels left over from fours run through scalar code, which evaluates each named quantity in float32 and rounds once.
Source: ncnn `src/layer/arm/convolution_3x3_winograd_fp16s.h` and the released arm64 build.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from maskctl.kernels.activation16 import activate_map
from maskctl.kernels.packing import Options
from maskctl.kernels.winograd_weights import KernelProgram
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.windows import Window, patches
from maskctl.numeric import casts, fma16
from maskctl.numeric.formats import FloatArray, round_to

InputTransform: TypeAlias = Callable[[Sequence[FloatArray]], list[FloatArray]]
OutputTransform: TypeAlias = "Callable[[Sequence[FloatArray], FloatArray | None], list[FloatArray]]"


@dataclass(frozen=True)
class Winograd:
    """One winograd variant: outputs per tile side, its kernel program, and its transforms in vector and scalar code.

    A transform maps the values along one axis of a tile to those along the transformed axis; the output transform
    takes the bias in its second pass, None in its first.
    """

    outputs: int
    kernels: KernelProgram
    input: InputTransform
    input_scalar: InputTransform
    output: OutputTransform
    output_scalar: OutputTransform

    def forward(self, params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
        """The output map of each sample, to the bit of the engine."""
        return self.tiles.convolved(params, weights, inputs, options)

    @property
    def tiles(self) -> Tiles:
        """The transforms of whole tiles."""
        return Tiles(self.outputs, self.kernels.transform, self._transform, self._restore)

    def _transform(self, tiles: FloatArray) -> FloatArray:
        fours = tiles.shape[2] // 4 * 4
        parts = both_axes(self.input, tiles[:, :, :fours]), both_axes(self.input_scalar, tiles[:, :, fours:])
        return np.concatenate(parts, axis=2)

    def _restore(self, products: FloatArray, bias: FloatArray) -> FloatArray:
        """The outputs of each tile with their bias, (row in tile, column in tile, m, p)."""
        fours = products.shape[2] // 4 * 4
        parts = []
        for transform, part in ((self.output, slice(0, fours)), (self.output_scalar, slice(fours, None))):
            by_row = np.stack(transform([*products[:, :, part]], None))
            parts.append(np.stack(transform([*by_row.swapaxes(0, 1)], bias[part])).swapaxes(0, 1))
        return np.concatenate(parts, axis=2)


@dataclass(frozen=True)
class Tiles:
    """The outputs per tile side, and what makes frequencies of kernels and tiles and outputs of products and the bias.

    Kernels (m, c, 3, 3) become (s, s, m, c), tiles (s, s, c, p) stay that, and products (s, s, m, p) become (t, t, m, p).
    """

    outputs: int
    kernels: Callable[[FloatArray], FloatArray]
    transform: Callable[[FloatArray], FloatArray]
    restore: Callable[[FloatArray, FloatArray], FloatArray]

    def convolved(self, params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
        """The output map of each sample, with its activation."""
        values = inputs[0]
        outputs, height, width = convolution.shapes(params, (values.shape[1:],))[0]
        tiles = tiles_of(params, values, self.outputs, height, width)
        rows, columns = -(-height // self.outputs), -(-width // self.outputs)
        products = _products(self.kernels(weights["weight"]), self.transform(tiles), rows * columns)
        bias = weights["bias"] if params.integer("bias_term") else np.zeros(outputs, np.float32)
        out = self.restore(products, casts.flat(bias)[:, None])
        by_tile = out.reshape(self.outputs, self.outputs, outputs, len(values), rows, columns)
        whole = by_tile.transpose(3, 2, 4, 0, 5, 1).reshape(
            len(values), outputs, rows * self.outputs, columns * self.outputs
        )
        return (activate_map(params, np.ascontiguousarray(whole[:, :, :height, :width]), options),)


def _products(kernels: FloatArray, tiles: FloatArray, count: int) -> FloatArray:
    """Kernels (s, s, m, c) times tiles (s, s, c, n * count) at each frequency, (s, s, m, n * count).

    Where outputs left over from fours meet tiles left over from fours, the sums are those of scalar code.
    """
    outputs = kernels.shape[2]
    zero = np.zeros((outputs, 1), np.float32)
    fours = outputs // 4 * 4
    rest = np.flatnonzero(np.arange(tiles.shape[3]) % count >= count // 4 * 4)
    products = fma16.chain(zero, kernels, tiles)
    if fours < outputs and len(rest):
        in_float32 = fma16.chain_in_float32(zero[fours:], kernels[:, :, fours:], tiles[..., rest])
        products[:, :, fours:, rest] = in_float32
    return products


def tiles_of(params: Params, values: FloatArray, outputs: int, height: int, width: int) -> FloatArray:
    """The input tiles, (row in tile, column in tile, c, n * tiles), for tiles of so many outputs and a map of that size."""
    padded, _ = convolution.placed(params, values)
    side = outputs + 2
    whole = [-(-extent // outputs) * outputs + 2 for extent in (height, width)]
    below, right = (max(0, wanted - have) for wanted, have in zip(whole, padded.shape[2:], strict=True))
    extended = np.pad(padded, ((0, 0), (0, 0), (0, below), (0, right)))
    seen = patches(extended, Window((side, side), (outputs, outputs)))
    return seen.transpose(2, 3, 1, 0, 4, 5).reshape(side, side, values.shape[1], -1)


def both_axes(transform: InputTransform, tiles: FloatArray) -> FloatArray:
    """The transform along the columns of each row, then along the rows: (row frequency, column frequency, c, p)."""
    by_column = np.stack(transform([*tiles.swapaxes(0, 1)]))
    return np.stack(transform([*by_column.swapaxes(0, 1)]))


def rounded(values: FloatArray) -> FloatArray:
    """A quantity that scalar code evaluated in float32, in fp16."""
    return round_to(np.asarray(values, np.float32), "fp16")
