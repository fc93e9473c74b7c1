"""Convolution: cross-correlation of a map (c, h, w) with `num_output` kernels, bias and activation.

Source: ncnn `src/layer/convolution.cpp`. The weight is [num_output][channels][kernel_h][kernel_w].
A rank-1 input with a 1x1 kernel is an inner product.
"""

from __future__ import annotations

import math

import numpy as np

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers import activation
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.windows import Border, Window, convolution_border, convolution_window, patches, require_map
from maskctl.numeric.formats import FloatArray

PARAMS = (
    Param(0, "num_output", 0, "output channels"),
    Param(1, "kernel_w", 0, "kernel width"),
    Param(11, "kernel_h", 0, "kernel height", same_as="kernel_w"),
    Param(2, "dilation_w", 1, "horizontal dilation"),
    Param(12, "dilation_h", 1, "vertical dilation", same_as="dilation_w"),
    Param(3, "stride_w", 1, "horizontal stride"),
    Param(13, "stride_h", 1, "vertical stride", same_as="stride_w"),
    Param(4, "pad_left", 0, "columns added on the left; -233 SAME_UPPER, -234 SAME_LOWER"),
    Param(15, "pad_right", 0, "columns added on the right", same_as="pad_left"),
    Param(14, "pad_top", 0, "rows added on top", same_as="pad_left"),
    Param(16, "pad_bottom", 0, "rows added at the bottom", same_as="pad_top"),
    Param(18, "pad_value", 0.0, "what the border holds"),
    Param(5, "bias_term", 0, "1: a bias per output channel"),
    Param(6, "weight_data_size", 0, "elements of the weight"),
    Param(8, "int8_scale_term", 0, "not 0: int8 weights and scales"),
    *activation.PARAMS,
    Param(19, "dynamic_weight", 0, "1: weight and bias come as blobs"),
)


def channels(params: Params) -> int:
    """Input channels, from the size of the weight; raises `GraphError` when it does not divide evenly."""
    taps = params.integer("num_output") * params.integer("kernel_w") * params.integer("kernel_h")
    size = params.integer("weight_data_size")
    if (
        min(params.integer(name) for name in ("num_output", "kernel_w", "kernel_h")) < 1
        or size <= 0
        or size % taps
        or min(params.integer(f"{name}_{axis}") for name in ("stride", "dilation") for axis in "wh") < 1
    ):
        raise GraphError(
            f"weight_data_size is {size} for num_output {params.integer('num_output')} and a kernel of "
            f"{params.integer('kernel_w')}x{params.integer('kernel_h')}. "
            "Expected a multiple of their product, and strides and dilations of 1 or more."
        )
    return size // taps


def weights(params: Params) -> tuple[Weight, ...]:
    """Weight, bias, and for int8 the scales, in the order of the `.bin`."""
    if params.integer("dynamic_weight"):
        return ()
    if params.bottoms > 1:
        raise GraphError(f"reads {params.bottoms} blobs. Expected 1, or dynamic_weight (19=1).")
    outputs = params.integer("num_output")
    found = [
        Weight(
            "weight", (outputs, channels(params), params.integer("kernel_h"), params.integer("kernel_w")), tagged=True
        )
    ]
    if params.integer("bias_term"):
        found.append(Weight("bias", (outputs,)))
    if params.integer("int8_scale_term"):
        found += [Weight("weight_scales", (outputs,)), Weight("bottom_scale", (1,))]
    if params.integer("int8_scale_term") > 100:
        found.append(Weight("top_scale", (1,)))
    return tuple(found)


def unsupported(params: Params) -> str | None:
    """int8 and weights that come as blobs are not run."""
    if params.integer("int8_scale_term"):
        return f"int8 (8={params.integer('int8_scale_term')})"
    return "weights as a blob (19=1)" if params.integer("dynamic_weight") else None


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(num_output, out_h, out_w), or (num_output,) for a rank-1 input."""
    if is_inner_product(params, inputs[0]):
        return ((params.integer("num_output"),),)
    shape = require_map(inputs)
    if shape[0] != channels(params):
        raise ExecutionError(f"the input has {shape[0]} channels. Its weight is for {channels(params)}.")
    window = convolution_window(params)
    return ((params.integer("num_output"), *window.outputs(*convolution_border(params, window, shape).grown(shape))),)


def is_inner_product(params: Params, shape: Shape) -> bool:
    """True for a rank-1 input of as many elements as a 1x1 kernel has channels."""
    return (
        len(shape) == 1
        and (params.integer("kernel_w"), params.integer("kernel_h")) == (1, 1)
        and shape[0] == channels(params)
    )


def macs(params: Params, _: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
    """Multiply-adds: output elements times channels times kernel positions."""
    return math.prod(outputs[0]) * channels(params) * params.integer("kernel_w") * params.integer("kernel_h")


def placed(params: Params, values: FloatArray) -> tuple[FloatArray, Window]:
    """The input with its border on, and the window that runs over it."""
    window = convolution_window(params)
    border: Border = convolution_border(params, window, values.shape[1:])
    return border.around(values, params.real("pad_value")), window


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """One matrix product of the weight with all patches per sample, in fp32; overflow and NaN as IEEE 754 has them."""
    values = inputs[0]
    outputs = shapes(params, (values.shape[1:],))[0]
    if values.ndim == 2:
        values = values[:, :, None, None]
    padded, window = placed(params, values)
    seen = patches(padded, window)
    columns = seen.reshape(len(values), -1, seen.shape[-2] * seen.shape[-1])
    with np.errstate(all="ignore"):
        total: FloatArray = np.matmul(weight["weight"].reshape(params.integer("num_output"), -1), columns)
        if params.integer("bias_term"):
            total += weight["bias"][:, None]
        return (activation.apply(params, total).reshape(-1, *outputs),)


LAYER = LayerType("Convolution", range(1, 4), forward, PARAMS, weights, shapes, macs, unsupported)
