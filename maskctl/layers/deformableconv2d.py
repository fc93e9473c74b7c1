"""DeformableConv2D: a convolution whose kernel positions are moved, each by offsets that come as a second blob.

The offsets are (2 * kernel_h * kernel_w, out_h, out_w): for each position first how far down, then how far right. A
third blob (kernel_h * kernel_w, out_h, out_w) is multiplied on what the positions see. Between pixels values are
interpolated, outside of the map they are 0. Pads are numbers of rows and columns; there is no -233 here.

Source: ncnn `src/layer/deformableconv2d.cpp`.
"""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Params, Shape, Weight, Weights
from maskctl.layers.families import activation, convolution_params
from maskctl.layers.families.sampling import Pixels, linear
from maskctl.layers.families.windows import Border, along, convolution_window, pads_of, require_map
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    convolution_params.NUM_OUTPUT,
    *convolution_params.window_params("hw", "added", same=False),
    *convolution_params.BIAS_AND_SIZE,
    *activation.PARAMS,
)


def channels(params: Params) -> int:
    """Input channels, from the size of the weight; raises `GraphError` for a window that can never be."""
    sizes = [params.integer("num_output"), *along(params, "kernel")]
    size = params.integer("weight_data_size")
    if min(*sizes, *along(params, "stride"), *along(params, "dilation")) < 1 or size <= 0 or size % math.prod(sizes):
        raise GraphError(
            f"weight_data_size is {size} for num_output {sizes[0]} and a kernel of {sizes[2]}x{sizes[1]}. "
            "Expected a multiple of their product, and strides and dilations of 1 or more."
        )
    if min(pad for pair in pads_of(params) for pad in pair) < 0:
        raise GraphError(f"the pads (4=, 15=, 14=, 16=) are {pads_of(params)}. Expected 0 or more.")
    return size // math.prod(sizes)


def weights(params: Params) -> tuple[Weight, ...]:
    """Weight and bias, in the order of the `.bin`."""
    outputs = params.integer("num_output")
    weight = Weight("weight", (outputs, channels(params), *along(params, "kernel")), tagged=True)
    return (weight, Weight("bias", (outputs,), role="bias")) if params.integer("bias_term") else (weight,)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(num_output, out_h, out_w)."""
    shape, count = require_map(inputs[:1]), channels(params)
    if shape[0] != count:
        raise ExecutionError(f"the input has {shape[0]} channels. Its weight is for {count}.")
    window = convolution_window(params)
    outputs = window.outputs(*Border.of(pads_of(params)).grown(shape))
    positions = math.prod(window.kernel)
    for name, found, planes in zip(("offsets", "mask"), inputs[1:], (2 * positions, positions), strict=False):
        if found != (planes, *outputs):
            raise ExecutionError(f"the {name} have shape {found}. Expected {(planes, *outputs)}.")
    return ((params.integer("num_output"), *outputs),)


def macs(params: Params, _: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
    """Multiply-adds: output elements times channels times kernel positions."""
    return math.prod(outputs[0]) * channels(params) * math.prod(along(params, "kernel"))


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """One matrix product of what all positions see with the weight, in fp32."""
    outputs = shapes(params, tuple(blob.shape[1:] for blob in inputs))[0]
    with np.errstate(all="ignore"):
        seen = _seen(params, inputs)
        matrix = weight["weight"].transpose(0, 2, 3, 1).reshape(outputs[0], -1)
        total: FloatArray = np.matmul(seen.reshape(len(seen), -1, matrix.shape[1]), matrix.T)
        if params.integer("bias_term"):
            total += weight["bias"]
        maps = activation.apply(params, total).reshape(len(seen), *outputs[1:], outputs[0])
    return (np.moveaxis(maps, -1, 1),)


def _seen(params: Params, inputs: Arrays) -> FloatArray:
    """What each position of the kernel sees: (n, out_h, out_w, positions, c)."""
    offsets, window = inputs[1], convolution_window(params)
    pixels = Pixels.of(inputs[0])
    (top, _), (left, _) = pads_of(params)
    rows, columns = (
        np.arange(count, dtype=np.float32) * np.float32(stride) - np.float32(pad)
        for count, stride, pad in zip(offsets.shape[2:], window.stride, (top, left), strict=True)
    )
    found = np.empty((len(offsets), *offsets.shape[2:], math.prod(window.kernel), inputs[0].shape[1]), np.float32)
    for position, (row, column) in enumerate(np.ndindex(*window.kernel)):
        points = [
            rows[:, None] + np.float32(row * window.dilation[0]) + offsets[:, 2 * position],
            columns + np.float32(column * window.dilation[1]) + offsets[:, 2 * position + 1],
        ]
        inside = np.ones(points[0].shape, np.bool_)
        for point, extent in zip(points, pixels.extents, strict=True):
            inside &= (point > -1) & (point < extent)
        values = linear(pixels, [np.where(inside, point, np.float32(-2)) for point in points])
        if len(inputs) > 2:
            values = values * inputs[2][:, position, :, :, None]
        found[..., position, :] = values
    return found


LAYER = LayerType("DeformableConv2D", range(2, 4), forward, PARAMS, weights, shapes, macs)
