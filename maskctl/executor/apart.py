"""A layer under one kind of loss at a time, in an otherwise exact way: weights rounded, blobs rounded, int8.

These are not what an engine runs. They say what a part of its loss comes to.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from maskctl.executor.layer import cast_input, definition, stored_params, stored_tops, stored_weights
from maskctl.executor.suffixes import LayerRun
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.layers.families import activation, int8
from maskctl.layers.families.convolution_int8 import per_output
from maskctl.numeric.formats import FloatArray
from maskctl.targets import Target
from maskctl.targets.storage import Step

_EXACT_TERMS = 1024
"""So many products of two codes add up in fp32 without rounding, in any order."""

_QUANTISED = {"Convolution": 1, "ConvolutionDepthWise": 1, "InnerProduct": 1}
"""The types that ncnn's `ncnn2int8` quantises and that are simulated here, and their int8_scale_term."""


def with_rounded_weights(model: Model, index: int, step: Step, target: Target) -> LayerRun | None:
    """The fp32 definition with the weights in the storage format; None for a layer that keeps none in 16 bits."""
    op, weights = model.operators[index], model.weights.tensors[index]
    if step.weights == "fp32" or not any(weight.tagged for weight in op.kind.weights(op.params)):
        return None
    ready = op.kind.prepare(op.params, stored_weights(op, weights, step, target))
    return lambda inputs: definition(op, op.params, ready, inputs)


def with_rounded_blobs(model: Model, index: int, step: Step, target: Target, samples: int) -> LayerRun | None:
    """The fp32 definition with the inputs and the tops in the storage format; None for a layer whose blobs are fp32."""
    op, weights = model.operators[index], model.weights.tensors[index]
    if step.stored == "fp32" or step.hazard:
        return None
    params = stored_params(op, step.stored, target)

    def run(inputs: Arrays) -> Arrays:
        ways = zip(inputs, step.packed, strict=True)
        read = tuple(cast_input(values, "fp32", step.stored, target, packed=packed) for values, packed in ways)
        kept = stored_tops(definition(op, params, weights.prepared(op), read), op, step, target)
        return kept if inputs else tuple(np.broadcast_to(values, (samples, *values.shape[1:])) for values in kept)

    return run


def is_quantisable(op: Operator) -> bool:
    """True for layers that `ncnn2int8` would quantise: with fp32 weights of their own."""
    if op.cut or op.layer.type not in _QUANTISED or op.params.integer("int8_scale_term"):
        return False
    return bool(op.kind.weights(op.params))


def in_int8(model: Model, index: int, ranges: Mapping[str, float]) -> LayerRun | None:
    """The layer in int8 with fp32 in and out; None for a layer that `ncnn2int8` leaves alone.

    `ranges` holds the largest magnitude of each blob over all samples: 127 codes span it, as they do the largest
    magnitude of each output's weights (of each group's, in a depthwise layer). Sums are exact.
    Source: ncnn `tools/quantize/ncnn2table.cpp`, absmax; `forward_int8` of the layers.
    """
    op = model.operators[index]
    if not is_quantisable(op):
        return None
    raw = model.weights.tensors[index]
    bottom = np.array([ranges[op.layer.bottoms[0]]], np.float32)
    scales = _weight_scales(op, raw["weight"])
    axes = (slice(None), *(None,) * (raw["weight"].ndim - 1))
    weights = {
        **raw,
        "weight": int8.quantise(raw["weight"], _repeated(scales, len(raw["weight"]))[axes]).astype(np.float32),
        "weight_scales": scales,
        "bottom_scale": int8.dynamic_scale(bottom, 0),
    }
    terms = raw["weight"][0].size
    if op.layer.type == "InnerProduct" or terms > _EXACT_TERMS or op.params.real("pad_value"):
        params = op.params.replaced("int8_scale_term", _QUANTISED[op.layer.type])
        ready = op.kind.prepare(params, weights)
        return lambda inputs: op.kind.forward(params, ready, inputs)
    return _by_fp32_sums(op, weights)


def _by_fp32_sums(op: Operator, weights: Weights) -> LayerRun:
    """An int8 convolution whose sums fp32 holds exactly, by the fp32 definition over codes: as fast as that."""
    plain = op.params.replaced("bias_term", 0).replaced("activation_type", 0)
    ready = op.kind.prepare(plain, weights)
    factor = int8.factor(weights["bottom_scale"], per_output(weights, len(weights["weight"])))
    bias = weights["bias"] if op.params.integer("bias_term") else None
    return lambda inputs: (_convolved(op, plain, ready, weights["bottom_scale"], factor, bias, inputs[0]),)


def _convolved(
    op: Operator, plain: Params, ready: Weights, scale: Array, factor: Array, bias: Array | None, values: Array
) -> FloatArray:
    codes = int8.codes(values, scale).astype(np.float32)
    sums = op.kind.forward(plain, ready, (codes,))[0]
    axes = (slice(None), *(None,) * (sums.ndim - 2))
    total = int8.dequantise(sums, factor[axes], None if bias is None else bias[axes])
    with np.errstate(all="ignore"):
        return activation.apply(op.params, total)


def _weight_scales(op: Operator, weight: FloatArray) -> FloatArray:
    """One scale per output, or per group of a depthwise layer."""
    groups = op.params.integer("group") if op.layer.type == "ConvolutionDepthWise" else len(weight)
    return int8.dynamic_scale(weight.reshape(groups, -1))[:, 0]


def _repeated(scales: FloatArray, outputs: int) -> FloatArray:
    return np.repeat(scales, outputs // len(scales))
