"""Depthwise convolution of bf16 blobs: one to four fp32 accumulators per output, rounded once.

Packed channels have one accumulator from the bias, kernel position by position. Of others, the compiler made vectors:
four accumulators from 0, joined and added to the bias, and the positions left over from fours.

For packed channels, 3x3 and 5x5 kernels of stride 1 and 2 are written by hand. There columns come in groups of four, then
a pair, then a single one, in stride 1 also rows in pairs, of which the upper begins with the second row of the kernel and
ends with its first. Positions are taken in turns by as many accumulators as the table below says; the last of them begins
at the bias, the others at their first product.

Source: ncnn `src/layer/arm/convolutiondepthwise_arm.cpp`, `convolutiondepthwise_3x3_pack4_bf16s.h` and
`convolutiondepthwise_5x5_pack4_bf16s.h`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskctl.kernels.activation32 import activate, activate_one_by_one
from maskctl.kernels.activation_bf16s import activated_map
from maskctl.kernels.operands_bf16s import bias_of
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.windows import Window, patches
from maskctl.numeric.bf16 import away
from maskctl.numeric.formats import FloatArray, round_to

_IN_PAIRS = (1, 1, 2)
_ALONE = {3: (1, 2, 1), 5: (1, 2, 4)}
"""Accumulators of the columns in fours, in the pair and the single one: of rows in pairs, and of others by kernel size."""


@dataclass(frozen=True)
class _Terms:
    """Values (k, n, c, h, w) and weights (k, 1, c, 1, 1) by kernel position, bf16, and the bias (1, c, 1, 1)."""

    values: FloatArray
    weights: FloatArray
    bias: FloatArray

    def summed(self, order: tuple[int, ...], lanes: int, rows: slice, columns: slice) -> FloatArray:
        """The sums of some rows and columns."""
        zero = np.zeros_like(self.bias)
        s = [
            self.chain(order[lane::lanes], self.bias if lane == lanes - 1 else zero, rows, columns)
            for lane in range(lanes)
        ]
        if lanes == 4:
            return (s[3] + s[0]) + (s[1] + s[2])
        return s[0] if lanes == 1 else s[1] + s[0]

    def chain(
        self, order: Sequence[int], start: FloatArray, rows: slice = slice(None), columns: slice = slice(None)
    ) -> FloatArray:
        """One chain over some positions."""
        values = self.values[..., rows, columns]
        total: FloatArray = np.array(np.broadcast_to(start, values.shape[1:]), np.float32)
        for place in order:
            total += self.weights[place] * values[place]
        return total


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    padded, window = convolution.placed(params, inputs[0])
    seen = patches(padded, window)
    n, channels, _, _, height, width = seen.shape
    terms = _Terms(
        seen.transpose(2, 3, 0, 1, 4, 5).reshape(-1, n, channels, height, width),
        round_to(weights["weight"].reshape(channels, -1), "bf16").T.reshape(-1, 1, channels, 1, 1),
        bias_of(params, weights).reshape(1, channels, 1, 1),
    )
    packed = elempack(channels, options) > 1
    with np.errstate(all="ignore"):
        if packed and _is_handwritten(window):
            return (activated_map(params, away(_by_groups(terms, window)), options),)
        if packed:
            return (away(activate(params, terms.chain(range(len(terms.values)), terms.bias))),)
        return (away(activate_one_by_one(params, _in_fours(terms))),)


def _in_fours(terms: _Terms) -> FloatArray:
    count = len(terms.values)
    fours = count // 4 * 4
    if not fours:
        return terms.chain(range(count), terms.bias)
    s = [terms.chain(range(lane, fours, 4), np.zeros_like(terms.bias)) for lane in range(4)]
    return terms.chain(range(fours, count), terms.bias + ((s[0] + s[1]) + (s[2] + s[3])))


def _is_handwritten(window: Window) -> bool:
    return window.dilation == (1, 1) and window.kernel in {(3, 3), (5, 5)} and window.stride in {(1, 1), (2, 2)}


def _by_groups(terms: _Terms, window: Window) -> FloatArray:
    size = window.kernel[0]
    in_order = tuple(range(size * size))
    height, width = terms.values.shape[-2:]
    pairs = height // 2 * 2 if window.stride == (1, 1) else 0
    fours, twos = width // 4 * 4, width // 2 * 2
    columns = slice(0, fours), slice(fours, twos), slice(twos, width)
    out = np.empty(terms.values.shape[1:], np.float32)
    for rows, order, lanes in (
        (slice(0, pairs, 2), in_order[size:] + in_order[:size], _IN_PAIRS),
        (slice(1, pairs, 2), in_order, _IN_PAIRS),
        (slice(pairs, height), in_order, _ALONE[size]),
    ):
        for group, count in zip(columns, lanes, strict=True):
            out[..., rows, group] = terms.summed(order, count, rows, group)
    return out
