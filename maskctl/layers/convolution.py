"""Convolution: cross-correlation of a map (c, h, w) with `num_output` kernels, bias and activation.

Source: ncnn `src/layer/convolution.cpp`. The weight is [num_output][channels][kernel_h][kernel_w].
A rank-1 input with a 1x1 kernel is an inner product. With `dynamic_weight` the weight is the second bottom, of that
shape, and the bias the third; nothing is read from the `.bin`, and num_output and the kernel are those of the blob.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families import activation, convolution_int8, convolution_params, convolving
from maskctl.layers.families.windows import Window, convolution_border, convolution_window
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    convolution_params.NUM_OUTPUT,
    *convolution_params.window_params("hw", "added"),
    convolution_params.PAD_VALUE,
    *convolution_params.BIAS_AND_SIZE,
    Param(8, "int8_scale_term", 0, "not 0: int8 weights and scales; over 100: int8 output"),
    *activation.PARAMS,
    convolving.DYNAMIC_WEIGHT,
)


def weights(params: Params) -> tuple[Weight, ...]:
    """Weight, bias, and for int8 the scales, in the order of the `.bin`."""
    found = convolution_params.weights(params)
    if not params.integer("int8_scale_term"):
        return found
    if not found:
        raise GraphError(
            "int8_scale_term (8=) and dynamic_weight (19=) are set, and the engine reads no scales there. Expected one of them."
        )
    terms = convolution_params.declared(params).terms
    weight = Weight("weight", found[0].shape, tagged=True, role="int8", fan_in=terms)
    return (weight, *found[1:], *convolution_int8.scales(params, params.integer("num_output"), terms))


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(num_output, out_h, out_w), or (num_output,) for a rank-1 input."""
    if is_inner_product(params, *inputs):
        if params.integer("int8_scale_term"):
            raise ExecutionError(
                f"the input is a vector of {inputs[0][0]}, and the weights are int8: the engine reads beyond them. "
                "Expected a map; use InnerProduct for vectors."
            )
        return ((convolving.kernels_of(params, inputs).outputs,),)
    return convolving.shapes(params, inputs)


def is_inner_product(params: Params, shape: Shape, *blobs: Shape) -> bool:
    """True for a rank-1 input of as many elements as a 1x1 kernel has channels."""
    if len(shape) != 1:
        return False
    found = convolving.kernels_of(params, (shape, *blobs))
    return found.extents == (1, 1) and shape[0] == found.channels


def placed(params: Params, values: FloatArray) -> tuple[FloatArray, Window]:
    """The input with its border on, and the window that runs over it."""
    window = convolution_window(params)
    border = convolution_border(params, window, values.shape[1:])
    return border.around(values, params.real("pad_value")), window


def prepare(params: Params, weights: Weights) -> Weights:
    """The weights laid out for `forward`."""
    if params.integer("int8_scale_term"):
        return convolution_int8.prepare(weights)
    return convolving.prepare(params, weights)


def forward(params: Params, weights: Weights, inputs: Arrays) -> Arrays:
    """The convolution in fp32, or of int8 codes where the layer has scales."""
    if is_inner_product(params, *(values.shape[1:] for values in inputs)):
        for side in ("left", "right", "top", "bottom"):
            params = params.replaced(f"pad_{side}", 0)
        maps = forward(params, weights, (inputs[0][:, :, None, None], *inputs[1:]))[0]
        return (np.ascontiguousarray(maps[:, :, 0, 0]),)
    if params.integer("int8_scale_term"):
        return convolution_int8.forward(params, weights, inputs, groups=1)
    return convolving.forward(params, weights, inputs)


LAYER = LayerType("Convolution", range(1, 4), forward, PARAMS, weights, shapes, convolving.macs, prepare=prepare)
