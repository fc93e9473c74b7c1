"""The reference evaluator of ONNX as a second witness: a network of ours as an ONNX graph, where there is an equivalent.

Layers with several tops or fused activations become several nodes. What has no exact equivalent is refused by name.
Source of the operators: the ONNX operator reference, opset 18.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from maskctl.errors import UnsupportedError
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array, Params, Weights
from maskctl.layers.families import activation

_OPSET = 18
_Node: TypeAlias = tuple[str, list[str], list[str], dict[str, Any]]
"""Operator, inputs, outputs, attributes; an input that begins with ":" is a weight of the layer."""


class OnnxReference:
    """A network that ONNX's own evaluator runs; raises `UnsupportedError` for a layer without an equivalent."""

    def __init__(self, model: Model, blobs: Iterable[str] | None = None) -> None:
        self.blobs = tuple(model.outputs if blobs is None else blobs)
        self._evaluator = ReferenceEvaluator(_onnx_model(model, self.blobs))

    def run(self, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        """The blobs for inputs (n, …) by name."""
        found: Any = self._evaluator.run(None, dict(inputs))
        return dict(zip(self.blobs, (np.asarray(values, np.float32) for values in found), strict=True))


def _onnx_model(model: Model, blobs: tuple[str, ...]) -> onnx.ModelProto:
    nodes, weights = [], []
    for op, tensors in zip(model.operators, model.weights.tensors, strict=True):
        prefix = f"layer {op.layer.index}"
        for kind, inputs, outputs, attributes in _nodes(op, tensors):
            named = [prefix + name if name.startswith(":") else name for name in inputs]
            nodes.append(helper.make_node(kind, named, outputs, **attributes))
        weights += [
            numpy_helper.from_array(np.ascontiguousarray(values), f"{prefix}:{name}")
            for name, values in tensors.items()
        ]
    given = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in model.graph.inputs]
    wanted = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in blobs]
    graph = helper.make_graph(nodes, "network", given, wanted, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])


def _nodes(op: Operator, weights: Weights) -> Iterator[_Node]:
    if op.layer.type == "Input":
        return
    translate = _TRANSLATIONS.get(op.layer.type)
    if translate is None or op.cut:
        raise UnsupportedError(f"{op.layer} has no equivalent in ONNX here.")
    yield from translate(op, weights)


def _refuse(op: Operator, what: str) -> UnsupportedError:
    return UnsupportedError(f"{op.layer}: {what} has no equivalent in ONNX here.")


def _activated(op: Operator, top: str) -> tuple[str, list[_Node]]:
    """The name of a sum before its fused activation, and the nodes of that activation."""
    kind, numbers = activation.kind(op.params)
    if kind == activation.NONE:
        return top, []
    sums = f"{top} before its activation"
    if kind == activation.RELU:
        return sums, [("Relu", [sums], [top], {})]
    if kind == activation.LEAKY_RELU:
        return sums, [("LeakyRelu", [sums], [top], {"alpha": numbers[0]})]
    raise _refuse(op, f"activation_type {kind}")


def _convolution(op: Operator, weights: Weights) -> Iterator[_Node]:
    params = op.params
    if params.real("pad_value") or params.integer("int8_scale_term") or params.integer("dynamic_weight"):
        raise _refuse(op, "pad_value, int8 or dynamic weights")
    sums, after = _activated(op, op.layer.tops[0])
    inputs = [op.layer.bottoms[0], ":weight", *([":bias"] if "bias" in weights else [])]
    attributes = {
        "pads": _pads(op),
        "strides": [params.integer("stride_h"), params.integer("stride_w")],
        "dilations": [params.integer("dilation_h"), params.integer("dilation_w")],
    }
    yield "Conv", inputs, [sums], attributes
    yield from after


def _pads(op: Operator) -> list[int]:
    pads = [op.params.integer(f"pad_{side}") for side in ("top", "left", "bottom", "right")]
    if min(pads) < 0:
        raise _refuse(op, "a border by itself (-233, -234)")
    return pads


def _pooling(op: Operator, _: Weights) -> Iterator[_Node]:
    params, (bottom,), (top,) = op.params, op.layer.bottoms, op.layer.tops
    kind = "Average" if params.integer("pooling_type") else "Max"
    if params.integer("adaptive_pooling") or params.integer("pad_mode") > 1:
        raise _refuse(op, "adaptive pooling or a SAME pad_mode")
    if params.integer("global_pooling"):
        yield f"Global{kind}Pool", [bottom], [f"{top} with h and w"], {}
        yield "Flatten", [f"{top} with h and w"], [top], {"axis": 1}
        return
    attributes: dict[str, Any] = {
        "kernel_shape": [params.integer("kernel_h"), params.integer("kernel_w")],
        "strides": [params.integer("stride_h"), params.integer("stride_w")],
        "pads": _pads(op),
        "ceil_mode": int(params.integer("pad_mode") == 0),
    }
    if kind == "Average":
        attributes["count_include_pad"] = params.integer("avgpool_count_include_pad")
    yield f"{kind}Pool", [bottom], [top], attributes


def _inner_product(op: Operator, weights: Weights) -> Iterator[_Node]:
    if op.params.integer("int8_scale_term"):
        raise _refuse(op, "int8")
    sums, after = _activated(op, op.layer.tops[0])
    yield "Flatten", [op.layer.bottoms[0]], [f"{sums} flat"], {"axis": 1}
    yield "Gemm", [f"{sums} flat", ":weight", *([":bias"] if "bias" in weights else [])], [sums], {"transB": 1}
    yield from after


def _relu(op: Operator, _: Weights) -> Iterator[_Node]:
    slope = op.params.real("slope")
    yield ("LeakyRelu" if slope else "Relu"), [*op.layer.bottoms], [*op.layer.tops], {"alpha": slope} if slope else {}


def _split(op: Operator, _: Weights) -> Iterator[_Node]:
    for top in op.layer.tops:
        yield "Identity", [*op.layer.bottoms], [top], {}


def _dropout(op: Operator, weights: Weights) -> Iterator[_Node]:
    if op.params.real("scale") != 1:
        raise _refuse(op, "a scale other than 1")
    return _split(op, weights)


def _along(kind: str) -> Callable[[Operator, Weights], Iterator[_Node]]:
    def translate(op: Operator, _: Weights) -> Iterator[_Node]:
        yield kind, [*op.layer.bottoms], [*op.layer.tops], {"axis": _behind_samples(op.params)}

    return translate


def _behind_samples(params: Params) -> int:
    axis = params.integer("axis")
    return axis + 1 if axis >= 0 else axis


_TRANSLATIONS: Mapping[str, Callable[[Operator, Weights], Iterator[_Node]]] = {
    "Convolution": _convolution,
    "Pooling": _pooling,
    "InnerProduct": _inner_product,
    "ReLU": _relu,
    "Split": _split,
    "Dropout": _dropout,
    "Concat": _along("Concat"),
    "Softmax": _along("Softmax"),
}
