"""ConvolutionDepthWise: a convolution of a map (c, h, w) in groups of channels; one group per channel is depthwise.

Source: ncnn `src/layer/convolutiondepthwise.cpp`. The weight is [num_output][channels / group][kernel_h][kernel_w].
With `dynamic_weight` the weight is the second bottom, of that shape, and the bias the third; see Convolution.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Weight, Weights
from maskctl.layers.families import activation, convolution_int8, convolution_params, convolving

PARAMS = (
    convolution_params.NUM_OUTPUT,
    *convolution_params.window_params("hw", "added"),
    convolution_params.PAD_VALUE,
    *convolution_params.BIAS_AND_SIZE,
    convolution_params.GROUP,
    Param(8, "int8_scale_term", 0, "int8 with a weight scale per group (1), one for all (2); 101, 102: int8 output"),
    *activation.PARAMS,
    convolving.DYNAMIC_WEIGHT,
)


def weights(params: Params) -> tuple[Weight, ...]:
    """Weight, bias, and for int8 the scales, in the order of the `.bin`."""
    found, term = convolution_params.weights(params), params.integer("int8_scale_term")
    if not term:
        return found
    if not found or term not in {1, 2, 101, 102}:
        raise GraphError(f"int8_scale_term (8=) is {term}. Expected 0, 1, 2, 101 or 102, and 0 with dynamic_weight.")
    terms = convolution_params.declared(params).terms
    weight = Weight("weight", found[0].shape, tagged=True, role="int8", fan_in=terms)
    return (
        weight,
        *found[1:],
        *convolution_int8.scales(params, params.integer("group") if term % 100 == 1 else 1, terms),
    )


def prepare(params: Params, weights: Weights) -> Weights:
    """The weights laid out for `forward`."""
    if params.integer("int8_scale_term"):
        return convolution_int8.prepare(weights)
    return convolving.prepare(params, weights)


def forward(params: Params, weights: Weights, inputs: Arrays) -> Arrays:
    """The convolution in fp32, or of int8 codes where the layer has scales."""
    if params.integer("int8_scale_term"):
        return convolution_int8.forward(params, weights, inputs, params.integer("group"))
    return convolving.forward(params, weights, inputs)


LAYER = LayerType(
    "ConvolutionDepthWise", range(1, 4), forward, PARAMS, weights, convolving.shapes, convolving.macs, prepare=prepare
)
