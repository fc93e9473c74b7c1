"""Convolutions and deconvolutions against the reference evaluator of ONNX, and what their parameters are refused for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from maskctl.errors import GraphError
from maskctl.layers import Params, find
from maskctl.layers.base import Value
from maskctl.numeric.formats import FloatArray
from tests.layers.test_against_onnx import assert_close, reference

SEED = 5


def computed(kind: str, written: dict[int, Value], shape: tuple[int, ...]) -> tuple[FloatArray, ...]:
    """The samples, the weight and bias, and what maskctl computes; two samples in one pass."""
    layer = find(kind)
    assert layer is not None
    params = Params(layer.params, written)
    rng = np.random.default_rng(SEED)
    values = rng.standard_normal((2, *shape)).astype(np.float32)
    weights = {one.name: rng.standard_normal(one.shape).astype(np.float32) for one in layer.weights(params)}
    (out,) = layer.forward(params, layer.prepare(params, weights), (values,))
    assert layer.shapes(params, (shape,)) == (out.shape[1:],)
    return values, weights["weight"], weights["bias"], out


def sized(written: dict[int, Value], channels: int, taps: int, group: int = 1) -> dict[int, Value]:
    """The parameters with a bias and the weight's size."""
    outputs = written[0]
    assert isinstance(outputs, int)
    return {**written, 5: 1, 6: outputs * channels // group * taps}


CONVOLUTIONS: list[tuple[str, dict[int, Value], tuple[int, ...], int, int, dict[str, Any]]] = [
    ("Convolution1D", {0: 5, 1: 3, 4: 1, 15: 2, 3: 2}, (4, 9), 3, 1, {"pads": [1, 2], "strides": [2]}),
    ("Convolution1D", {0: 5, 1: 3, 2: 3, 4: -233}, (4, 9), 3, 1, {"auto_pad": "SAME_UPPER", "dilations": [3]}),
    ("ConvolutionDepthWise1D", {0: 6, 1: 3, 7: 2}, (4, 7), 3, 2, {"group": 2}),
    ("ConvolutionDepthWise", {0: 6, 1: 3, 3: 3, 7: 6, 2: 2, 4: 2}, (6, 9, 8), 9, 6, {
        "group": 6, "strides": [3, 3], "dilations": [2, 2], "pads": [2, 2, 2, 2],
    }),
    ("ConvolutionDepthWise", {0: 8, 1: 3, 11: 2, 3: 2, 7: 4, 4: -234}, (12, 7, 8), 6, 4, {
        "group": 4, "strides": [2, 2], "auto_pad": "SAME_LOWER",
    }),
    ("Convolution3D", {0: 4, 1: 3, 11: 2, 21: 1, 13: 2, 4: 1, 24: 0}, (3, 4, 6, 5), 6, 1, {
        "strides": [1, 2, 1], "pads": [0, 1, 1, 0, 1, 1],
    }),
    ("ConvolutionDepthWise3D", {0: 4, 1: 2, 7: 4, 3: 2}, (4, 4, 6, 5), 8, 4, {"group": 4, "strides": [2, 2, 2]}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "written", "shape", "taps", "group", "attributes"), CONVOLUTIONS)
def test_convolutions(
    kind: str,
    written: dict[int, Value],
    shape: tuple[int, ...],
    taps: int,
    group: int,
    attributes: dict[str, Any],
) -> None:
    """All convolutions are ONNX's Conv."""
    values, weight, bias, out = computed(kind, sized(written, shape[0], taps, group), shape)
    assert_close(reference("Conv", values, weight, bias, **attributes), out)


DECONVOLUTIONS: list[tuple[str, dict[int, Value], tuple[int, ...], int, int, dict[str, Any]]] = [
    ("Deconvolution", {0: 5, 1: 4, 3: 2, 4: 1}, (3, 4, 5), 16, 1, {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("Deconvolution", {0: 4, 1: 3, 11: 2, 2: 2, 3: 2, 18: 1, 19: 0}, (3, 4, 5), 6, 1, {
        "dilations": [2, 2], "strides": [2, 2], "output_padding": [0, 1],
    }),
    ("DeconvolutionDepthWise", {0: 6, 1: 3, 3: 2, 7: 6}, (6, 4, 3), 9, 6, {"strides": [2, 2]}),
    ("DeconvolutionDepthWise", {0: 6, 1: 3, 3: 2, 7: 2}, (4, 4, 3), 9, 2, {"strides": [2, 2]}),
    ("Deconvolution1D", {0: 4, 1: 4, 3: 3, 4: 1, 15: 2}, (5, 6), 4, 1, {"strides": [3], "pads": [1, 2]}),
    ("DeconvolutionDepthWise1D", {0: 4, 1: 4, 3: 3, 7: 4}, (4, 6), 4, 4, {"strides": [3]}),
    ("Deconvolution3D", {0: 4, 1: 2, 11: 3, 3: 2}, (3, 2, 3, 4), 12, 1, {"strides": [2, 2, 2]}),
    ("DeconvolutionDepthWise3D", {0: 4, 1: 2, 3: 2, 7: 2}, (4, 2, 3, 4), 8, 2, {"strides": [2, 2, 2]}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "written", "shape", "taps", "group", "attributes"), DECONVOLUTIONS)
def test_deconvolutions(
    kind: str,
    written: dict[int, Value],
    shape: tuple[int, ...],
    taps: int,
    group: int,
    attributes: dict[str, Any],
) -> None:
    """All deconvolutions are ONNX's ConvTranspose, whose weight has the input channels in front.

    Groups are given to it one by one: its evaluator mixes up groups of its own.
    """
    values, weight, bias, out = computed(kind, sized(written, shape[0], taps, group), shape)
    parts = zip(*(np.split(array, group, axis) for array, axis in ((values, 1), (weight, 0), (bias, 0))), strict=True)
    expected = [
        reference("ConvTranspose", some, np.ascontiguousarray(kernels.swapaxes(0, 1)), biases, **attributes)
        for some, kernels, biases in parts
    ]
    assert_close(np.concatenate(expected, axis=1), out)


@pytest.mark.parametrize(
    ("kind", "written", "message"),
    [
        ("Convolution", {0: 4, 1: 3, 6: 35}, "weight_data_size is 35"),
        ("Convolution", {0: 4, 1: 1, 6: 4, 3: 0}, "a stride or dilation is 0"),
        ("Convolution", {0: 4, 1: 1, 6: 4, 9: 7}, "activation_type (9=) is 7. Expected 0 to 6."),
        ("Convolution", {0: 4, 1: 1, 6: 4, 9: 3, 10: (1.0,)}, "activation_type 3 needs 2"),
        ("Convolution", {19: 1}, "there are 1 inputs. Expected 2"),
        ("Convolution", {0: 4, 1: 1, 6: 4, 8: 1, 19: 1}, "there are 1 inputs. Expected 2"),
        ("ConvolutionDepthWise", {0: 3, 1: 1, 6: 6, 7: 2}, "group is 2 for num_output 3"),
        ("ConvolutionDepthWise", {0: 4, 1: 1, 6: 4, 7: 4, 8: 3}, "int8_scale_term (8=) is 3"),
    ],
)
def test_parameters_that_the_engine_does_not_load(kind: str, written: dict[int, Value], message: str) -> None:
    """The error names the value and what was expected."""
    layer = find(kind)
    assert layer is not None
    with pytest.raises(GraphError) as caught:
        layer.weights(Params(layer.params, written))
    assert message in str(caught.value)
