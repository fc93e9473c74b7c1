"""Deconvolutions over one, two or three axes, dense, grouped and depthwise: what their layer files share.

Every input pixel adds its kernel to the output, position by position of the kernel; then the border is cut off. The
weight is [outputs][inputs of a group][extents]; one that comes as a blob is [inputs][outputs of a group][extents].
"""

from __future__ import annotations

import math
from itertools import product

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families import convolution_params, tiled_sums
from maskctl.layers.families.convolution_params import Kernels
from maskctl.layers.families.windows import (
    SAME_LOWER,
    SAME_UPPER,
    SIDES,
    Border,
    Extents,
    Window,
    axes_of,
    convolution_window,
    pads_of,
    require_axes,
)
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

DYNAMIC_WEIGHT = Param(28, "dynamic_weight", 0, "1: weight and bias come as blobs")


def output_params(axes: str) -> tuple[Param, ...]:
    """The parameters of rows and columns added at the output's end, and of the output's extents."""
    first = 25 if axes == "dhw" else 20
    found: list[Param] = []
    for number, axis in enumerate(reversed(axes)):
        name = f"output_pad_{SIDES[-1 - number][1]}"
        found.append(Param(18 + number, name, 0, "added at the end", same_as="" if axis == "w" else "output_pad_right"))
    for number, axis in enumerate(reversed(axes)):
        same_as = "" if axis == "w" else "output_w"
        found.append(
            Param(first + number, f"output_{axis}", 0, "what a SAME output is cut to; 0 leaves it", same_as=same_as)
        )
    return tuple(found)


def kernels_of(params: Params, inputs: tuple[Shape, ...]) -> Kernels:
    """The kernels the layer deconvolves these inputs with."""
    if convolution_params.is_dynamic(params):
        return convolution_params.of_blob(params, inputs, transposed=True)
    return convolution_params.declared(params)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(num_output, outputs along each axis), the border cut off."""
    found = kernels_of(params, inputs)
    shape = require_axes(inputs[0], len(axes_of(params)))
    found.require_channels(shape[0])
    whole = whole_extents(params, convolution_window(params, found.extents), shape)
    convolution_params.require_sane_growth(shape, (found.outputs, *whole))
    cut = cut_of(params, whole)
    return ((found.outputs, *(extent - sum(pair) for extent, pair in zip(whole, cut.pairs(len(whole)), strict=True))),)


def whole_extents(params: Params, window: Window, shape: Shape) -> Extents:
    """The extents of the output before its border is cut off."""
    behind = [params.integer(f"output_pad_{side}") for _, side in SIDES[-len(window.kernel) :]]
    if min(behind) < 0:
        raise GraphError(f"an output_pad is {min(behind)}. Expected 0 or more.")
    return tuple(
        (extent - 1) * stride + reach + more
        for extent, stride, reach, more in zip(shape[1:], window.stride, window.extent, behind, strict=True)
    )


def cut_of(params: Params, whole: Extents) -> Border:
    """What is cut off the whole output: the pads, or down to output_w, output_h and output_d.

    Source: ncnn `Deconvolution::cut_padding`. The larger half of an odd cut comes off the end for -233, off the
    beginning for -234; one such pad is enough. Raises `ExecutionError` where less than nothing would be left or cut.
    """
    pads, wanted = pads_of(params), tuple(params.integer(f"output_{axis}") for axis in axes_of(params))
    written = {pad for pair in pads for pad in pair}
    if max(written) > 0:
        pairs = pads
    elif min(wanted) <= 0:
        return Border()
    elif not written & {SAME_UPPER, SAME_LOWER}:
        raise GraphError(
            "output_w (20=) is set, and no pad (4=) is -233 or -234. Expected one that is: the engine gives nothing there."
        )
    else:
        lower = SAME_UPPER not in written
        cuts = [extent - target for extent, target in zip(whole, wanted, strict=True)]
        before = [(cut + 1) // 2 if lower else cut // 2 for cut in cuts]
        pairs = tuple((first, cut - first) for first, cut in zip(before, cuts, strict=True))
    if any(min(pair) < 0 or sum(pair) >= extent for pair, extent in zip(pairs, whole, strict=True)):
        sizes = "x".join(map(str, reversed(whole)))
        raise ExecutionError(
            f"{pairs} is to be cut off an output of {sizes}. Expected 0 or more, and less than it has."
        )
    return Border.of(pairs)


def macs(params: Params, inputs: tuple[Shape, ...], _: tuple[Shape, ...]) -> int:
    """Multiply-adds: input pixels times output channels times the terms of each."""
    found = kernels_of(params, inputs)
    return math.prod(inputs[0][1:]) * found.outputs * found.terms


def prepare(params: Params, weights: Weights) -> Weights:
    """The weights laid out for `forward`; nothing where they come as blobs."""
    if convolution_params.is_dynamic(params):
        return {}
    bias = {"bias": weights["bias"]} if params.integer("bias_term") else {}
    return {**laid_out(weights["weight"], convolution_params.groups_of(params)), **bias}


def laid_out(weight: FloatArray, groups: int) -> Weights:
    """The weight [outputs][inputs of a group][extents] by position: matrices (inputs, outputs), maybe one per group.

    Of depthwise kernels, the factors of the channels.
    """
    outputs, inputs, *extents = weight.shape
    by_group = weight.reshape(groups, outputs // groups, inputs, -1).transpose(3, 0, 2, 1)
    if inputs == 1 and outputs == groups:
        return {"taps": np.ascontiguousarray(by_group[:, :, 0, 0]).reshape(*extents, outputs)}
    shape = (inputs, outputs) if groups == 1 else (groups, inputs, outputs // groups)
    return {"matrices": np.ascontiguousarray(by_group).reshape(*extents, *shape)}


def forward(params: Params, weights: Weights, inputs: Arrays) -> Arrays:
    """The deconvolution of all samples; overflow and NaN as IEEE 754 has them."""
    outputs = shapes(params, tuple(values.shape[1:] for values in inputs))[0][0]
    if not convolution_params.is_dynamic(params):
        return (_deconvolved(params, weights, inputs[0], convolution_window(params), outputs),)
    return (np.concatenate([_with_blobs(params, outputs, *one) for one in zip(*inputs, strict=True)]),)


def _with_blobs(
    params: Params, outputs: int, values: Array, weight: Array, bias: Array | None = None, *_: Array
) -> FloatArray:
    """One sample with the weight and bias that came with it."""
    groups = convolution_params.groups_of(params)
    first, second, *extents = convolution_params.blob_shape(weight.shape, values.ndim - 1)
    by_group = weight.reshape(groups, first // groups, second, -1).swapaxes(1, 2)
    ready = dict(laid_out(by_group.reshape(outputs, first // groups, *extents), groups))
    if bias is not None and params.integer("bias_term"):
        ready["bias"] = bias.reshape(-1)
    return _deconvolved(params, ready, values[None], convolution_window(params, tuple(extents)), outputs)


def _deconvolved(params: Params, ready: Weights, values: FloatArray, window: Window, outputs: int) -> FloatArray:
    """The deconvolution of `values` (n, c, …) with weights as `prepare` lays them out."""
    whole = whole_extents(params, window, values.shape[1:])
    out = np.zeros((len(values), *whole, outputs), np.float32)
    with tiled_sums.arithmetic():
        _scatter(np.ascontiguousarray(tiled_sums.channels_last(values)), ready, window, out)
        done = tiled_sums.finish(params, ready.get("bias"), outputs)
        for block in tiled_sums.blocks(out.shape[:-1], max(1, tiled_sums.AT_WORK // outputs)):
            done(out[block])
    cut = cut_of(params, whole).pairs(len(whole))
    kept = tuple(slice(before, extent - behind) for (before, behind), extent in zip(cut, whole, strict=True))
    return tiled_sums.channels_first(out[(slice(None), *kept)])


def _scatter(pixels: FloatArray, ready: Weights, window: Window, out: FloatArray) -> None:
    """Adds every pixel (n, …, c) times its kernel to `out` (n, …, outputs), one position of the kernel at a time."""
    places = pixels.shape[1:-1]
    most = max(1, tiled_sums.AT_WORK // max(pixels.shape[-1], out.shape[-1]))
    for sample, block in product(range(len(pixels)), list(tiled_sums.blocks(places, most))):
        part = pixels[sample][block]
        for position in np.ndindex(*window.kernel):
            reached = tuple(
                _steps(rows, extent, stride, offset * dilation)
                for rows, extent, stride, offset, dilation in zip(
                    block, places, window.stride, position, window.dilation, strict=True
                )
            )
            target = out[sample][reached]
            target += _product(part, ready, position).reshape(target.shape)


def _product(part: FloatArray, ready: Weights, position: Extents) -> FloatArray:
    """Pixels (…, c) times the factors of one position of the kernel."""
    if "taps" in ready:
        return np.asarray(part * ready["taps"][position], np.float32)
    matrices: FloatArray = ready["matrices"][position]
    if matrices.ndim == 2:
        return part.reshape(-1, len(matrices)) @ matrices
    groups, inputs, outputs = matrices.shape
    rows = part.reshape(-1, groups, inputs)
    total = np.empty((len(rows), groups, outputs), np.float32)
    np.matmul(rows.transpose(1, 0, 2), matrices, out=total.transpose(1, 0, 2))
    return total


def _steps(part: slice, extent: int, stride: int, reach: int) -> slice:
    """Where a kernel position `reach` behind the first adds on an axis of the output, for a part of the input's places."""
    first, last, _ = part.indices(extent)
    return slice(first * stride + reach, (last - 1) * stride + reach + 1, stride)


def layer_type(name: str, params: tuple[Param, ...]) -> LayerType:
    """A deconvolution over the axes its parameters name; with `dynamic_weight` it has up to three bottoms."""
    bottoms = range(1, 4) if DYNAMIC_WEIGHT in params else range(1, 2)
    return LayerType(name, bottoms, forward, params, convolution_params.weights, shapes, macs, prepare=prepare)
