"""What deconvolutions share: the terms of each output, and the border that is cut off.

A direct kernel goes through the positions of the turned kernel, so from the last to the first, and leaves out those that
fall beside the input or between its pixels. Outputs that the same positions reach are summed together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.kernels.operands import Operands
from maskctl.layers.base import Params
from maskctl.layers.families.deconvolving import cut_of, whole_extents
from maskctl.layers.families.windows import Window, convolution_window
from maskctl.numeric.formats import FloatArray

Indices: TypeAlias = npt.NDArray[np.intp]
Sums: TypeAlias = Callable[[Operands], FloatArray]
"""From operands to sums (m, n * positions)."""
Fused: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""From a sum and two factors to the sum with their product."""


@dataclass(frozen=True)
class _Reached:
    """Places along an axis of the output that the same kernel positions reach: `sources` is (places, positions)."""

    places: Indices
    positions: Indices
    sources: Indices


def directly(params: Params, weight: FloatArray, bias: FloatArray, values: FloatArray, sums: Sums) -> FloatArray:
    """The whole output (n, m, height, width), border included; weight (m, c, kh, kw) and bias (m,) as the kernel keeps them."""
    outputs, channels = weight.shape[:2]

    def summed(seen: FloatArray, taps: FloatArray) -> FloatArray:
        """The places that the same kernel positions reach, as one convolution of all channels."""
        n, _, height, _, width, _ = seen.shape
        terms = Operands(
            weight=taps.reshape(outputs, taps[0].size),
            columns=seen.transpose(1, 3, 5, 0, 2, 4).reshape(taps[0].size, n * height * width),
            bias=bias[:, None],
            channels=channels,
            taps=taps[0, 0].size,
            out_shape=(n, outputs, height, width),
        )
        return terms.arranged(sums(terms))

    return _placed(params, weight, values, summed)


def channel_by_channel(
    params: Params, weight: FloatArray, bias: FloatArray, values: FloatArray, fma: Fused
) -> FloatArray:
    """As `directly` where each output has one channel, weight (m, 1, kh, kw): one accumulator, which `fma` adds terms to."""

    def summed(seen: FloatArray, taps: FloatArray) -> FloatArray:
        n, outputs, height, _, width, _ = seen.shape
        total = np.broadcast_to(bias[:, None, None], (n, outputs, height, width))
        for row, column in np.ndindex(*taps.shape[2:]):
            total = fma(total, taps[:, 0, row, column, None, None], seen[:, :, :, row, :, column])
        return total

    return _placed(params, weight, values, summed)


def _placed(
    params: Params, weight: FloatArray, values: FloatArray, summed: Callable[[FloatArray, FloatArray], FloatArray]
) -> FloatArray:
    """The whole output, by sums (n, m, rows, columns) of what is seen (n, c, rows, taps, columns, taps) times the taps."""
    window = convolution_window(params)
    whole = whole_extents(params, window, values.shape[1:])
    out = np.empty((len(values), len(weight), *whole), np.float32)
    for rows in _along(window, 0, values.shape[2], whole[0]):
        for columns in _along(window, 1, values.shape[3], whole[1]):
            seen = values[:, :, rows.sources[:, :, None, None], columns.sources]
            taps = weight[:, :, rows.positions[:, None], columns.positions]
            out[:, :, rows.places[:, None], columns.places] = summed(seen, taps)
    return out


def _along(window: Window, axis: int, extent: int, whole: int) -> Iterator[_Reached]:
    """The places along one axis of the output by the kernel positions that reach them, the last position first."""
    kernel, stride, dilation = window.kernel[axis], window.stride[axis], window.dilation[axis]
    positions = np.arange(kernel)[::-1]
    ahead = np.arange(whole)[:, None] - positions * dilation
    meets = (ahead >= 0) & (ahead % stride == 0) & (ahead // stride < extent)
    patterns, pattern_of = np.unique(meets, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        places = np.flatnonzero(pattern_of.reshape(-1) == number)
        yield _Reached(places, positions[pattern], (ahead[places] // stride)[:, pattern])


def cut(params: Params, whole: FloatArray) -> FloatArray:
    """The output without what pads, or the wanted extents, cut off."""
    extents = whole.shape[2:]
    pairs = cut_of(params, extents).pairs(len(extents))
    kept = tuple(slice(before, extent - behind) for (before, behind), extent in zip(pairs, extents, strict=True))
    return np.ascontiguousarray(whole[(slice(None), slice(None), *kept)])


def gemm_rows(weight: FloatArray, pack: int) -> FloatArray:
    """The weight (m, c, kh, kw) as the left matrix of the engine's gemm, (m * kh * kw, c): packed outputs lie side by side."""
    outputs, channels = weight.shape[:2]
    blocks = weight.reshape(outputs // pack, pack, channels, -1)
    return np.ascontiguousarray(blocks.transpose(0, 3, 1, 2)).reshape(-1, channels)


def by_position(rows: FloatArray, taps: int, pack: int) -> FloatArray:
    """The product (m * kh * kw, places) of such a left matrix by kernel position: (kh * kw, m, places)."""
    blocks = rows.reshape(-1, taps, pack, rows.shape[1])
    return blocks.swapaxes(0, 1).reshape(taps, -1, rows.shape[1])


def scattered(
    params: Params,
    products: FloatArray,
    bias: FloatArray,
    values: FloatArray,
    round_sum: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """The whole output (n, m, height, width): the bias, to which each kernel position adds its products in turn.

    `products` is (kh * kw, m, n * h * w) for `values` (n, c, h, w); every sum is rounded.
    """
    n, _, *extents = values.shape
    window = convolution_window(params)
    out = np.empty((n, products.shape[1], *whole_extents(params, window, values.shape[1:])), np.float32)
    out[...] = bias[:, None, None]
    with np.errstate(all="ignore"):
        for product, position in zip(products, np.ndindex(*window.kernel), strict=True):
            reached = tuple(
                slice(offset * dilation, offset * dilation + (extent - 1) * stride + 1, stride)
                for offset, dilation, extent, stride in zip(
                    position, window.dilation, extents, window.stride, strict=True
                )
            )
            place = (slice(None), slice(None), *reached)
            out[place] = round_sum(out[place] + product.reshape(-1, n, *extents).swapaxes(0, 1))
    return out
