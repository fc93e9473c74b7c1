"""The fp32 definitions against a second witness, the reference evaluator of ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.case import Case, chain, convolution, inner_product
from maskctl.executor.run import run
from maskctl.graph.model import Model, load
from maskctl.numeric.formats import FloatArray, same_bits

pytest.importorskip("onnx", reason="onnx is not installed")

SEED = 3
PLACES = 2e-6
"""Of the largest output: some sixteen roundings of fp32, because the two add in different orders."""


def reference(operator: str, *inputs: FloatArray, **attributes: Any) -> FloatArray:
    """What ONNX's own evaluator makes of one operator."""
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    names = [f"i{number}" for number in range(len(inputs))]
    node = helper.make_node(operator, names, ["out"], **attributes)
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
    graph = helper.make_graph([node], "one", given, [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    found: Any = ReferenceEvaluator(model).run(None, dict(zip(names, inputs, strict=True)))
    return np.asarray(found[0], np.float32)


def computed(layer: str, shape: tuple[int, ...], folder: Path) -> tuple[Model, FloatArray, FloatArray]:
    """The model of one layer, the samples it is fed, and what maskctl computes."""
    case = Case(layer, chain(layer), shape, ("normal", "sparse"), "fp32")
    model, samples = load(case.write(folder, SEED)), case.samples(SEED)
    return model, samples, run(model, {"data": samples})["out"]


def assert_close(expected: FloatArray, actual: FloatArray) -> None:
    """Equal but for the order of sums."""
    assert expected.shape == actual.shape
    assert float(np.abs(expected - actual).max()) <= PLACES * float(np.abs(expected).max())


@pytest.mark.parametrize(
    ("channels", "outputs", "kernel", "shape", "more", "attributes"),
    [
        (3, 5, 3, (4, 7), "4=1", {"pads": [1, 1, 1, 1]}),
        (8, 4, 1, (3, 3), "", {}),
        (4, 6, 3, (7, 6), "3=2 4=1", {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
        (5, 3, 3, (6, 7), "2=2 4=2", {"pads": [2, 2, 2, 2], "dilations": [2, 2]}),
        (2, 3, 3, (4, 5), "4=1 15=2 14=0 16=3", {"pads": [0, 1, 3, 2]}),
        (5, 4, 3, (5, 6), "3=2 4=-233", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        (5, 4, 3, (5, 6), "3=2 4=-234", {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    ],
)
def test_convolution(
    channels: int,
    outputs: int,
    kernel: int,
    shape: tuple[int, int],
    more: str,
    attributes: dict[str, Any],
    tmp_path: Path,
) -> None:
    """Convolution is ONNX's Conv, its borders in ncnn's order left, right, top, bottom."""
    model, samples, actual = computed(convolution(channels, outputs, kernel, more), (channels, *shape), tmp_path)
    tensors = model.weights.tensors[1]
    assert_close(reference("Conv", samples, tensors["weight"], tensors["bias"], **attributes), actual)


def test_inner_product_of_a_vector(tmp_path: Path) -> None:
    """InnerProduct is ONNX's Gemm with the weight transposed."""
    model, samples, actual = computed(inner_product(13, 7), (13,), tmp_path)
    tensors = model.weights.tensors[1]
    assert_close(reference("Gemm", samples, tensors["weight"], tensors["bias"], transB=1), actual)


def test_inner_product_of_rows(tmp_path: Path) -> None:
    """A blob of rows times the transposed weight is ONNX's MatMul."""
    model, samples, actual = computed(inner_product(6, 5, bias=0), (3, 6), tmp_path)
    assert_close(reference("MatMul", samples, np.ascontiguousarray(model.weights.tensors[1]["weight"].T)), actual)


@pytest.mark.parametrize(
    ("words", "attributes"),
    [
        ("1=2 2=2 5=1", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("1=3 2=2 5=0", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
        ("1=3 2=1 3=1 5=1", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
        ("1=3 11=2 2=2 12=1 5=1", {"kernel_shape": [2, 3], "strides": [1, 2]}),
    ],
)
def test_max_pooling(words: str, attributes: dict[str, Any], tmp_path: Path) -> None:
    """Pooling 0=0 is ONNX's MaxPool to the bit; mode full is its ceil_mode."""
    _, samples, actual = computed(f"Pooling 0=0 {words}", (3, 5, 7), tmp_path)
    assert same_bits(reference("MaxPool", samples, **attributes), actual).all()


@pytest.mark.parametrize(
    ("words", "attributes"),
    [
        ("1=2 2=2 5=1", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("1=3 2=1 3=1 5=1", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
        ("1=3 2=1 3=1 5=1 6=1", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    ],
)
def test_average_pooling(words: str, attributes: dict[str, Any], tmp_path: Path) -> None:
    """Pooling 0=1 is ONNX's AveragePool, whether the border counts or not."""
    _, samples, actual = computed(f"Pooling 0=1 {words}", (3, 5, 7), tmp_path)
    assert_close(reference("AveragePool", samples, **attributes), actual)


def test_global_average_pooling(tmp_path: Path) -> None:
    """Global pooling is ONNX's GlobalAveragePool without the two extents of 1."""
    _, samples, actual = computed("Pooling 0=1 4=1", (3, 5, 7), tmp_path)
    assert_close(reference("GlobalAveragePool", samples)[:, :, 0, 0], actual)


@pytest.mark.parametrize(("shape", "axis"), [((10,), 0), ((3, 4, 5), 0), ((3, 4, 5), 2), ((3, 5), 1)])
def test_softmax(shape: tuple[int, ...], axis: int, tmp_path: Path) -> None:
    """Softmax along ncnn's axis is ONNX's along the axis behind the samples."""
    _, samples, actual = computed(f"Softmax 0={axis} 1=1", shape, tmp_path)
    assert_close(reference("Softmax", samples, axis=axis + 1), actual)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_concat(axis: int, tmp_path: Path) -> None:
    """Concat is ONNX's to the bit."""
    lines = ("Split split 1 2 data a b", f"Concat concat 2 1 a b out 0={axis}")
    case = Case(f"concat {axis}", lines, (3, 4, 5), ("normal",), "fp32")
    samples = case.samples(SEED)
    actual = run(load(case.write(tmp_path, SEED)), {"data": samples})["out"]
    expected = reference("Concat", samples, samples, axis=axis + 1 if axis >= 0 else axis)
    assert same_bits(expected, actual).all()
