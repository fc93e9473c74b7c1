"""Convolutions over one, two or three axes, dense, grouped and depthwise, in fp32: what their layer files share.

Maps are taken and given with the channels innermost in memory; see `tiled_sums`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families import convolution_params, tiled_sums
from maskctl.layers.families.convolution_params import Kernels
from maskctl.layers.families.windows import (
    Border,
    Window,
    axes_of,
    convolution_border,
    convolution_window,
    require_axes,
)
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

DYNAMIC_WEIGHT = Param(19, "dynamic_weight", 0, "1: weight and bias come as blobs")


def kernels_of(params: Params, inputs: tuple[Shape, ...]) -> Kernels:
    """The kernels the layer convolves these inputs with."""
    if convolution_params.is_dynamic(params):
        return convolution_params.of_blob(params, inputs, transposed=False)
    return convolution_params.declared(params)


@dataclass(frozen=True)
class Geometry:
    """A layer over inputs of certain shapes: its window, the border it puts around the map, and the top's shape."""

    window: Window
    border: Border
    outputs: Shape


@lru_cache(maxsize=4096)
def geometry(params: Params, inputs: tuple[Shape, ...]) -> Geometry:
    """The geometry; raises `ExecutionError` for inputs that do not fit. Kept, for it takes longer than a small layer."""
    shape = require_axes(inputs[0], len(axes_of(params)))
    found = kernels_of(params, inputs)
    found.require_channels(shape[0])
    window = convolution_window(params, found.extents)
    border = convolution_border(params, window, shape)
    grown = border.grown(shape)
    convolution_params.require_sane_growth(shape, (max(found.channels, found.outputs), *grown))
    return Geometry(window, border, (found.outputs, *window.outputs(*grown)))


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(num_output, outputs along each axis)."""
    return (geometry(params, inputs).outputs,)


def macs(params: Params, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
    """Multiply-adds: output elements times the channels of a group times kernel positions."""
    return math.prod(outputs[0]) * kernels_of(params, inputs).terms


def prepare(params: Params, weights: Weights) -> Weights:
    """The weights laid out for `forward`; nothing where they come as blobs."""
    if convolution_params.is_dynamic(params):
        return {}
    return {**laid_out(weights["weight"], convolution_params.groups_of(params)), **_bias(params, weights)}


def _bias(params: Params, weights: Weights) -> Weights:
    return {"bias": weights["bias"]} if params.integer("bias_term") else {}


def laid_out(weight: FloatArray, groups: int) -> Weights:
    """The weight [outputs][inputs of a group][extents] as a matrix (terms, outputs), one per group, or as taps."""
    outputs, inputs = weight.shape[:2]
    last = np.moveaxis(weight, 1, -1)
    if inputs == 1 and outputs == groups:
        return {"taps": np.ascontiguousarray(np.moveaxis(last[..., 0], 0, -1))}
    by_group = last.reshape(groups, outputs // groups, -1).transpose(0, 2, 1)
    return {"matrix": np.ascontiguousarray(by_group[0] if groups == 1 else by_group)}


def forward(params: Params, weights: Weights, inputs: Arrays) -> Arrays:
    """The convolution of all samples; overflow and NaN as IEEE 754 has them."""
    found = geometry(params, tuple(values.shape[1:] for values in inputs))
    if not convolution_params.is_dynamic(params):
        return (_convolved(params, weights, inputs[0], found),)
    return (np.concatenate([_with_blobs(params, found, *one) for one in zip(*inputs, strict=True)]),)


def _with_blobs(
    params: Params, found: Geometry, values: Array, weight: Array, bias: Array | None = None, *_: Array
) -> FloatArray:
    """One sample with the weight and bias that came with it."""
    shape = convolution_params.blob_shape(weight.shape, values.ndim - 1)
    ready = dict(laid_out(weight.reshape(shape), convolution_params.groups_of(params)))
    if bias is not None and params.integer("bias_term"):
        ready["bias"] = bias.reshape(-1)
    return _convolved(params, ready, values[None], found)


def _convolved(params: Params, ready: Weights, values: FloatArray, found: Geometry) -> FloatArray:
    """The convolution of `values` (n, c, …) with weights as `prepare` lays them out."""
    window, fill = found.window, params.real("pad_value")
    out = np.empty((len(values), *found.outputs[1:], found.outputs[0]), np.float32)
    with tiled_sums.arithmetic():
        done = tiled_sums.finish(params, ready.get("bias"), found.outputs[0])
        if "taps" in ready:
            phases = tiled_sums.bordered(values, found.border, fill, window.stride[-1])
            tiled_sums.depthwise(phases, window, ready["taps"], out, done)
        else:
            maps = tiled_sums.bordered(values, found.border, fill)[..., 0, :, :]
            matrix = ready["matrix"]
            if matrix.ndim == 2:
                tiled_sums.dense(_seen(maps, window), matrix, out, done)
            else:
                maps = _by_group(maps, len(matrix), window)
                tiled_sums.grouped(_seen(maps, window), matrix, out, done)
    return tiled_sums.channels_first(out)


def _seen(maps: FloatArray, window: Window) -> FloatArray:
    """What the window sees of padded maps (…, extents…, c): (…, outputs…, kernel…, c), a view."""
    first = maps.ndim - 1 - len(window.kernel)
    extents, steps = maps.shape[first:-1], maps.strides[first:-1]
    return np.lib.stride_tricks.as_strided(
        maps,
        (*maps.shape[:first], *window.outputs(*extents), *window.kernel, maps.shape[-1]),
        (
            *maps.strides[:first],
            *(step * stride for step, stride in zip(steps, window.stride, strict=True)),
            *(step * dilation for step, dilation in zip(steps, window.dilation, strict=True)),
            maps.strides[-1],
        ),
        writeable=False,
    )


def _by_group(padded: FloatArray, groups: int, window: Window) -> FloatArray:
    """Maps (n, extents…, c) as (groups, n, extents…, c of a group).

    For kernels of several pixels they are copied, so that what a row of the kernel sees lies in one piece.
    """
    split = padded.reshape(*padded.shape[:-1], groups, -1)
    maps = split.transpose(split.ndim - 2, *range(split.ndim - 2), split.ndim - 1)
    return np.ascontiguousarray(maps) if math.prod(window.kernel) > 1 else maps


def layer_type(name: str, params: tuple[Param, ...]) -> LayerType:
    """A convolution over the axes its parameters name; with `dynamic_weight` it has up to three bottoms."""
    bottoms = range(1, 4) if DYNAMIC_WEIGHT in params else range(1, 2)
    return LayerType(name, bottoms, forward, params, convolution_params.weights, shapes, macs, prepare=prepare)
