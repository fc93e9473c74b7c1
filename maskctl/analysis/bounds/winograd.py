"""Convolutions by winograd's transforms: how large the values on the way are, and how far the result is from plain sums.

The matrices are those of the kernels themselves, taken from what they make of tiles with a single 1. Each value on the way
is a sum of terms that also occur, no smaller, in the sum of some frequency or output, so that the largest of these bounds
all of them, whatever the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from maskctl.analysis.bounds.case import Bounds, Case
from maskctl.analysis.bounds.interval import Interval
from maskctl.kernels import convolution_winograd23_fp16sa as f23
from maskctl.kernels import convolution_winograd43_fp16sa as f43
from maskctl.kernels import convolution_winograd63_fp16sa as f63
from maskctl.kernels.winograd_tiles import Tiles, tiles_of
from maskctl.layers.families.convolution_params import groups_of
from maskctl.numeric.formats import FloatArray

_VARIANTS = {"winograd23": f23.TILES, "winograd43": f43.TILES, "winograd63": f63.TILES}
_OF_INPUT, _OF_OUTPUT = 12, 24
"""Roundings in both passes of a transform, at most."""


@dataclass(frozen=True)
class _Matrices:
    """Both transforms of flat tiles: frequencies from inputs, and outputs from products at the frequencies."""

    input: FloatArray
    output: FloatArray


@cache
def _matrices(name: str) -> _Matrices:
    tiles = _VARIANTS[name]
    side = tiles.outputs + 2
    ones = np.eye(side * side, dtype=np.float32).reshape(side, side, 1, -1)
    return _Matrices(
        tiles.transform(ones).reshape(side * side, -1),
        tiles.restore(ones, np.zeros((1, 1), np.float32)).reshape(tiles.outputs**2, -1),
    )


@dataclass(frozen=True)
class _Stages:
    """The largest magnitudes of transformed inputs, products and outputs, and how far the outputs may be off, (…, n, m)."""

    inputs: FloatArray
    products: FloatArray
    outputs: FloatArray
    error: FloatArray


def bounds(case: Case, within: Interval, room: FloatArray) -> Bounds:
    """The bounds of a convolution whose plain sums lie `within`, and the largest value of its transforms.

    `room` is what plain sums in the layer's arithmetic may be off by.
    """
    name = next(name for name in _VARIANTS if name in case.kernel)
    with np.errstate(all="ignore"):
        stages = _stages(case, _VARIANTS[name], _matrices(name))
        error = stages.error.max(axis=0)  # (n, m)
        top = within.widened(room + error[..., None, None])
        largest = [
            values.max(axis=(0, *range(2, values.ndim)), initial=np.float32(0))
            for values in (stages.inputs, stages.products, stages.outputs)
        ]
        found = np.max([np.where(np.isnan(one), np.float32(np.inf), one) for one in largest], axis=0)
    return Bounds((top,), {"winograd": found} if case.step.sums_in_fp16 else {})


def _stages(case: Case, tiles: Tiles, matrices: _Matrices) -> _Stages:
    middle, radius, count = _tiles(case, tiles)
    transformed = np.abs(matrices.input @ middle) + np.abs(matrices.input) @ radius
    every = np.abs(matrices.input) @ (np.abs(middle) + radius)
    side, channels = len(transformed), case.inputs[0].shape[0]
    transformed, every = (
        values.reshape(side, channels, case.samples, count).max(axis=3).transpose(0, 2, 1)
        for values in (transformed, every)
    )  # (frequencies, n, c)
    weight = tiles.kernels(case.weights["weight"])
    kernels = (np.abs(weight) + np.float32(2.0**-24)).reshape(side, *weight.shape[2:])
    unit, growth = case.unit, _grown(weight.shape[3] + 2, case.unit)
    input_error = every * _grown(_OF_INPUT, unit) + np.float32(case.smallest)
    inputs = transformed + input_error
    sums = _multiplied(case, inputs, kernels)
    tiny = np.float32(2.0**-24) * inputs.sum(axis=2, keepdims=True) + np.float32(channels * case.smallest)
    product_error = _multiplied(case, input_error, kernels) + min(growth, np.float32(1)) * sums + tiny
    products = sums + product_error
    bias = np.abs(case.weights["bias"]) if case.params.integer("bias_term") else np.float32(0)
    outputs = np.tensordot(np.abs(matrices.output), products, 1) + bias
    error = np.tensordot(np.abs(matrices.output), product_error, 1) + _grown(_OF_OUTPUT, unit) * outputs
    return _Stages(inputs, products, outputs + error, error)


def _multiplied(case: Case, inputs: FloatArray, kernels: FloatArray) -> FloatArray:
    """Inputs (frequencies, k, c) times kernels (frequencies, m, c of a group) as (frequencies, k, m), group by group."""
    groups = groups_of(case.params)
    side, count, _ = inputs.shape
    of_groups = inputs.reshape(side, count, groups, -1).swapaxes(1, 2)
    found = of_groups @ kernels.reshape(side, groups, -1, kernels.shape[2]).swapaxes(2, 3)
    return found.swapaxes(1, 2).reshape(side, count, -1)


def transformed(case: Case) -> FloatArray:
    """The largest magnitude of the transforms of known inputs, (n, 1), in fp32."""
    name = next(name for name in _VARIANTS if name in case.kernel)
    tiles, matrices = _VARIANTS[name], _matrices(name)
    height, width = case.shapes[0][1:]
    values = tiles_of(case.params, case.inputs[0].low, tiles.outputs, height, width)
    side, channels = len(matrices.input), values.shape[2]
    inputs = (matrices.input @ values.reshape(side, -1)).reshape(side, channels, -1)
    kernels = tiles.kernels(case.weights["weight"])
    flat = kernels.reshape(side, *kernels.shape[2:])
    products = _multiplied(case, inputs.swapaxes(1, 2), flat).swapaxes(1, 2)
    outputs = np.tensordot(matrices.output, products, 1)
    by_sample = [
        np.abs(one).max(axis=(0, 1)).reshape(case.samples, -1).max(axis=1) for one in (inputs, products, outputs)
    ]
    found: FloatArray = np.max(by_sample, axis=0)[:, None]
    return found


def _tiles(case: Case, tiles: Tiles) -> tuple[FloatArray, FloatArray, int]:
    """Middles and radii of the input tiles, 0 being within: (values of a tile, c * n * tiles), and the tiles of a sample."""
    blob = case.inputs[0].with_zero()
    height, width = case.shapes[0][1:]
    low, high = (tiles_of(case.params, values, tiles.outputs, height, width) for values in (blob.low, blob.high))
    low, high = np.minimum(low, np.float32(0)), np.maximum(high, np.float32(0))
    flat = Interval(low, high).reshaped(low.shape[0] * low.shape[1], -1)
    return flat.middle, flat.radius, low.shape[3] // case.samples


def _grown(operations: int, unit: float) -> np.float32:
    return np.float32(np.expm1(operations * np.log1p(unit)))
