"""Winograd F(2,3): 2x2 outputs from 4x4 tiles. The engine takes it where one side has under 16 and the other over 128 channels.

The released build merges both passes of a transform and reorders their sums: one way for blocks of eight channels, others
for a block of four and for what is left over. L[i, j] is the product at row frequency i and column frequency j.

Source: ncnn `src/layer/arm/convolution_3x3_winograd_fp16s.h` and the released arm64 build.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from maskctl.kernels.packing import Options, elempack
from maskctl.kernels.winograd_tiles import Tiles, both_axes, rounded
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.fma16 import add, subtract
from maskctl.numeric.formats import FloatArray, round_to

_HALF = np.float32(0.5)
_MINUS = ((0, 2), (1, 2), (2, 1), (3, 1))
"""The two values of each frequency; the second is subtracted but in frequency 1."""


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    eights_stay = elempack(params.integer("num_output"), options) == 8
    tiles = TILES if eights_stay else Tiles(2, _kernels, _transform, partial(_restore, eight=_eight_apart))
    return tiles.convolved(params, weights, inputs, options)


def _kernels(weight: FloatArray) -> FloatArray:
    """The kernels (m, c, 3, 3) as (row frequency, column frequency, m, c)."""
    rows = [np.stack(_kernel([weight[:, :, row, column] for column in range(3)])) for row in range(3)]
    return round_to(np.stack(_kernel(rows)), "fp16")


def _kernel(r: Sequence[FloatArray]) -> list[FloatArray]:
    first, middle, last = (value * _HALF for value in r)
    return [r[0], (first + middle) + last, (first - middle) + last, r[2]]


def _transform(tiles: FloatArray) -> FloatArray:
    """Channels in blocks of eight by two passes; a block of four and the rest with another order in the outer rows."""
    eights, fours = tiles.shape[2] // 8 * 8, tiles.shape[2] // 4 * 4
    found = both_axes(_input, tiles)
    for part, last_row in ((slice(eights, fours), _last_row_of_four), (slice(fours, None), _last_row_of_one)):
        if tiles[:, :, part].size:
            _merged(tiles[:, :, part], found[:, :, part], last_row)
    return found


def _input(r: Sequence[FloatArray]) -> list[FloatArray]:
    return [subtract(r[0], r[2]), add(r[1], r[2]), subtract(r[2], r[1]), subtract(r[3], r[1])]


def _merged(tiles: FloatArray, found: FloatArray, last_row: Callable[..., FloatArray]) -> None:
    """Replaces what the first and last row frequencies are at all column frequencies but 1."""
    for column in (0, 2, 3):
        first, second = _MINUS[column]
        upper = subtract(tiles[0, first], tiles[0, second])
        found[0, column] = subtract(add(upper, tiles[2, second]), tiles[2, first])
        lower = subtract(tiles[1, second], tiles[1, first])
        found[3, column] = last_row(tiles[3, first], tiles[3, second], lower)


def _last_row_of_four(first: FloatArray, second: FloatArray, lower: FloatArray) -> FloatArray:
    return add(first, subtract(lower, second))


def _last_row_of_one(first: FloatArray, second: FloatArray, lower: FloatArray) -> FloatArray:
    return subtract(add(first, lower), second)


def _restore(products: FloatArray, bias: FloatArray, eight: Callable[..., FloatArray]) -> FloatArray:
    """The outputs of each tile, (row in tile, column in tile, m, p)."""
    outputs = products.shape[2]
    eights, fours = outputs // 8 * 8, outputs // 4 * 4
    parts = ((slice(0, eights), eight), (slice(eights, fours), _four), (slice(fours, None), _one))
    return np.concatenate([summed(products[:, :, part], bias[part]) for part, summed in parts], axis=2)


def _shared(p: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sums that several outputs take: L01 + L11 + L21, L11 - L21 + L31, L12 + L32."""
    upper = add(add(p[0, 1], p[1, 1]), p[2, 1])
    return upper, subtract(add(p[1, 1], p[3, 1]), p[2, 1]), add(p[1, 2], p[3, 2])


def _eight(p: FloatArray, bias: FloatArray) -> FloatArray:
    upper, lower, below = _shared(p)
    right = add(add(p[1, 2], p[2, 2]), p[0, 2])
    return _square(
        add(add(add(p[0, 0], p[1, 0]), upper), add(add(bias, p[2, 0]), right)),
        add(add(add(bias, p[0, 3]), upper), subtract(add(p[1, 3], p[2, 3]), right)),
        add(subtract(add(add(p[1, 0], p[3, 0]), lower), p[2, 2]), add(subtract(bias, p[2, 0]), below)),
        add(subtract(add(add(p[2, 2], p[1, 3]), lower), below), subtract(add(bias, p[3, 3]), p[2, 3])),
    )


def _eight_apart(p: FloatArray, bias: FloatArray) -> FloatArray:
    """As `_eight` where outputs are stored in fours or one by one."""
    upper, lower, below = _shared(p)
    right = add(add(p[0, 2], p[1, 2]), p[2, 2])
    return _square(
        add(add(add(p[0, 0], p[1, 0]), upper), add(add(bias, p[2, 0]), right)),
        add(add(add(bias, p[0, 3]), upper), subtract(add(p[1, 3], p[2, 3]), right)),
        add(add(add(add(p[3, 0], p[1, 0]), bias), lower), subtract(subtract(below, p[2, 0]), p[2, 2])),
        add(subtract(add(add(bias, p[2, 2]), lower), below), subtract(add(p[3, 3], p[1, 3]), p[2, 3])),
    )


def _four(p: FloatArray, bias: FloatArray) -> FloatArray:
    upper, lower, below = _shared(p)
    right = add(add(p[0, 2], p[1, 2]), p[2, 2])
    return _square(
        add(add(add(p[0, 0], p[1, 0]), upper), add(add(bias, p[2, 0]), right)),
        add(subtract(add(bias, p[2, 3]), right), add(add(p[0, 3], p[1, 3]), upper)),
        add(add(add(add(p[3, 0], p[1, 0]), bias), lower), subtract(subtract(below, p[2, 0]), p[2, 2])),
        add(add(add(p[3, 3], bias), lower), subtract(subtract(add(p[1, 3], p[2, 2]), below), p[2, 3])),
    )


def _one(p: FloatArray, bias: FloatArray) -> FloatArray:
    """Two passes in scalar code, each output of a pass rounded once."""
    with np.errstate(all="ignore"):
        upper = [rounded(p[0, column] + p[1, column] + p[2, column]) for column in range(4)]
        lower = [rounded(p[1, column] - p[2, column] + p[3, column]) for column in range(4)]
        return _square(
            *(
                rounded(total)
                for r in (upper, lower)
                for total in (bias + r[0] + r[1] + r[2], bias + r[1] - r[2] + r[3])
            )
        )


def _square(*outputs: FloatArray) -> FloatArray:
    return np.stack(outputs).reshape(2, 2, *outputs[0].shape)


TILES = Tiles(2, _kernels, _transform, partial(_restore, eight=_eight))
