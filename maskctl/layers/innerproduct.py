"""InnerProduct: a matrix times the input read as one vector, bias and activation.

Source: ncnn `src/layer/innerproduct.cpp`. The weight is [num_output][inputs]. A rank-2 input whose rows have
as many elements as the weight takes is transformed row by row. With int8_scale_term the weight is int8 codes (or is made
of floats on loading), a float input is quantised, an int8 input is taken as it is, and the output is always fp32.
"""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weight, Weights, floats_in
from maskctl.layers.families import activation, int8, products
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "num_output", 0, "outputs"),
    Param(1, "bias_term", 0, "1: a bias per output"),
    Param(2, "weight_data_size", 0, "elements of the weight"),
    Param(8, "int8_scale_term", 0, "not 0: int8 weights and scales"),
    *activation.PARAMS,
)


def inputs_taken(params: Params) -> int:
    """Elements of one input vector; raises `GraphError` when the weight does not divide evenly."""
    size, outputs = params.integer("weight_data_size"), params.integer("num_output")
    if outputs <= 0 or size <= 0 or size % outputs:
        raise GraphError(f"weight_data_size is {size} for num_output {outputs}. Expected a multiple of it.")
    return size // outputs


def weights(params: Params) -> tuple[Weight, ...]:
    """Weight, bias, and for int8 the scales, in the order of the `.bin`."""
    outputs = params.integer("num_output")
    quantised = params.integer("int8_scale_term") != 0
    found = [Weight("weight", (outputs, inputs_taken(params)), tagged=True, role="int8" if quantised else "weight")]
    if params.integer("bias_term"):
        found.append(Weight("bias", (outputs,), role="bias"))
    if quantised:
        found.append(Weight("weight_scales", (outputs,), role="int8 scale", fan_in=inputs_taken(params)))
        found.append(Weight("bottom_scale", (1,), role="int8 scale"))
    return tuple(found)


def prepare(params: Params, weight: Weights) -> Weights:
    """The weights; those of an int8 layer as codes."""
    if not params.integer("int8_scale_term"):
        return weight
    return {**weight, "weight": int8.weight_codes(weight["weight"], weight["weight_scales"][:, None])}


def by_rows(params: Params, shape: Shape) -> bool:
    """True for a rank-2 input that is transformed row by row."""
    return len(shape) == 2 and shape[1] == inputs_taken(params)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(num_output,), or (rows, num_output) for a rank-2 input that fits by rows."""
    shape = inputs[0]
    if by_rows(params, shape):
        return ((shape[0], params.integer("num_output")),)
    if math.prod(shape) != inputs_taken(params):
        raise ExecutionError(
            f"the input has shape {shape}, {math.prod(shape)} elements. Its weight is for {inputs_taken(params)}."
        )
    return ((params.integer("num_output"),),)


def macs(params: Params, _: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
    """Multiply-adds: output elements times input elements."""
    return math.prod(outputs[0]) * inputs_taken(params)


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """One matrix product per sample, in fp32 or in int8 codes."""
    outputs = shapes(params, (inputs[0].shape[1:],))[0]
    rows = inputs[0].reshape(len(inputs[0]), -1, inputs_taken(params))
    with np.errstate(all="ignore"):
        total = _of_codes(weight, rows) if params.integer("int8_scale_term") else _of_floats(weight, rows)
        if params.integer("bias_term"):
            total += weight["bias"]
        return (activation.apply(params, total).reshape(-1, *outputs),)


def _of_floats(weight: Weights, rows: Array) -> FloatArray:
    return products.per_sample(floats_in(rows), weight["weight"].T)


def _of_codes(weight: Weights, rows: Array) -> FloatArray:
    bottom, scales = weight["bottom_scale"], weight["weight_scales"]
    sums = int8.product(int8.codes(rows, bottom), weight["weight"].T)
    return int8.dequantise(sums, int8.factor(bottom, scales))


LAYER = LayerType("InnerProduct", range(1, 2), forward, PARAMS, weights, shapes, macs, prepare=prepare)
