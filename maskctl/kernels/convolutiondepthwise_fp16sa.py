"""Depthwise convolution in fp16: one to three accumulators per output, which ones depends on packing and column.

Columns come in groups of four, then a pair, then a single one. A tree is a set of chains over the kernel positions: the
first begins at the bias, the others at their rounded first product, and the first is added to the sum of the others.

The pair of the 3x3 kernel of stride 2 for eights has a bug: its second output reads the last pixel of its first row in
place of those of its second and third. It shows where the map's width leaves two or three columns over from fours.

Source: ncnn `src/layer/arm/convolutiondepthwise_arm_asimdhp.cpp`, `convolutiondepthwise_3x3_pack8_fp16s.h`,
`convolutiondepthwise_3x3_fp16s.h`, and the released arm64 build.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from maskctl.kernels.activation16 import activate_map
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.windows import Window, patches
from maskctl.numeric import casts, fma16
from maskctl.numeric.formats import FloatArray, round_to

_Tree: TypeAlias = tuple[tuple[int, ...], ...]

_IN_ORDER: _Tree = (tuple(range(9)),)
_ROWS_TURNED: _Tree = ((3, 4, 5, 6, 7, 8, 0, 1, 2),)
_IN_TURNS: _Tree = ((1, 3, 5, 7), (0, 2, 4, 6, 8))
_TURNED_IN_TURNS: _Tree = ((4, 6, 8, 1), (3, 5, 7, 0, 2))
_BY_COLUMN: _Tree = ((2, 5, 8), (0, 3, 6), (1, 4, 7))


@dataclass(frozen=True)
class _Terms:
    """Values (k, n, c, h, w) and weights (k, 1, c, 1, 1) by kernel position, and the bias (1, c, 1, 1), all fp16."""

    values: FloatArray
    weights: FloatArray
    bias: FloatArray

    def summed(self, tree: _Tree, rows: slice = slice(None), columns: slice = slice(None)) -> FloatArray:
        """The sums of some rows and columns."""
        values = self.values[..., rows, columns]
        begun = np.broadcast_to(self.bias, values.shape[1:])
        first = self._chain(values, tree[0], begun)
        others = [self.chain(order, columns, rows) for order in tree[1:]]
        if not others:
            return first
        return fma16.add(first, others[0] if len(others) == 1 else fma16.add(others[0], others[1]))

    def chain(self, order: tuple[int, ...], columns: slice, rows: slice = slice(None)) -> FloatArray:
        """One chain that begins at its first product."""
        values = self.values[..., rows, columns]
        return self._chain(values, order[1:], fma16.multiply(self.weights[order[0]], values[order[0]]))

    def _chain(self, values: FloatArray, order: tuple[int, ...], total: FloatArray) -> FloatArray:
        for place in order:
            total = fma16.fma(total, self.weights[place], values[place])
        return total


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    padded, window = convolution.placed(params, inputs[0])
    seen = patches(padded, window)
    n, channels, _, _, height, width = seen.shape
    pack = elempack(channels, options)
    cast = casts.nearest if pack > 1 else casts.flat
    kept = cast(weights["weight"].reshape(channels, -1))
    bias = casts.flat(weights["bias"]) if params.integer("bias_term") else np.zeros(channels, np.float32)
    terms = _Terms(
        np.ascontiguousarray(seen.transpose(2, 3, 0, 1, 4, 5)).reshape(-1, n, channels, height, width),
        kept.T.reshape(-1, 1, channels, 1, 1),
        bias.reshape(1, channels, 1, 1),
    )
    return (activate_map(params, _sums(terms, window, pack), options),)


def _sums(terms: _Terms, window: Window, pack: int) -> FloatArray:
    is_3x3 = window.kernel == (3, 3) and window.dilation == (1, 1)
    if not is_3x3 or pack == 4 or window.stride not in {(1, 1), (2, 2)}:
        return terms.summed((tuple(range(len(terms.values))),))
    if pack == 1:
        return _unpacked(terms)
    height, width = terms.values.shape[-2:]
    if window.stride == (2, 2):
        _misread(terms.values, width)
    out = np.empty(terms.values.shape[1:], np.float32)
    pairs = height // 2 * 2 if window.stride == (1, 1) else 0
    for rows, trees in (
        (slice(0, pairs, 2), (_ROWS_TURNED, _ROWS_TURNED, _TURNED_IN_TURNS)),
        (slice(1, pairs, 2), (_IN_ORDER, _IN_ORDER, _IN_TURNS)),
        (slice(pairs, height), (_IN_ORDER, _IN_TURNS, _BY_COLUMN)),
    ):
        for columns, tree in zip(_columns(width), trees, strict=True):
            out[..., rows, columns] = terms.summed(tree, rows, columns)
    return out


def _columns(width: int) -> Iterator[slice]:
    """The columns in fours, in the pair, and the single one; a slice may be empty."""
    fours, twos = width // 4 * 4, width // 2 * 2
    yield from (slice(0, fours), slice(fours, twos), slice(twos, width))


def _misread(values: FloatArray, width: int) -> None:
    """Puts what the second output of the pair reads in the place of what it should read."""
    second = width // 4 * 4 + 1
    if width % 4 >= 2:
        values[5, ..., second] = values[8, ..., second] = values[2, ..., second]


def _unpacked(terms: _Terms) -> FloatArray:
    """Fours in order; the columns left over as three sums, one for each column of the kernel, joined in float32."""
    width = terms.values.shape[-1]
    fours = width // 4 * 4
    left, middle, right = (terms.chain(order, slice(fours, width)) for order in ((0, 3, 6), (1, 4, 7), (2, 5, 8)))
    with np.errstate(all="ignore"):
        rest = round_to((left + middle) + (right + terms.bias), "fp16")
    return np.concatenate([terms.summed(_IN_ORDER, columns=slice(0, fours)), rest], axis=-1)
