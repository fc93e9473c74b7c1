"""Windows, resampling and regions of interest against a second witness, the reference evaluator of ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from maskctl.executor.run import run
from maskctl.numeric.formats import FloatArray, same_bits
from tests.layers.row import SAFE, Row, between

pytest.importorskip("onnx", reason="onnx is not installed")

from tests.layers.test_against_onnx import assert_close, reference

SEED = 3
NOTHING = np.zeros(0, np.float32)


def _computed(row: Row, folder: Path) -> tuple[list[npt.NDArray[Any]], FloatArray, Mapping[str, FloatArray]]:
    """The inputs the row is fed, what maskctl makes of them, and the layer's weights."""
    model, given = row.model(folder / "net", SEED), row.samples(SEED)
    tensors = model.weights.tensors[len(given)]
    return list(given.values()), run(model, given)["out0"], tensors


def _row(words: str, *shapes: tuple[int, ...], grid: float = 0.0) -> Row:
    return Row(words, shapes, profiles=SAFE, fed={1: between(-grid, grid)} if grid else {})


def assert_near(expected: FloatArray, actual: FloatArray) -> None:
    """Equal but for positions between pixels, which ncnn has in fp32."""
    assert expected.shape == actual.shape
    assert float(np.abs(expected - actual).max()) <= 1e-5 * float(np.abs(expected).max())


SPACES = (
    ("Pooling1D", (3, 9), "1=3 2=2 3=1", {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
    ("Pooling1D", (4, 8), "1=2 2=3", {"kernel_shape": [2], "strides": [3], "pads": [0, 0]}),
    ("Pooling", (3, 6, 7), "1=3 2=2 3=1", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}),
    ("Pooling3D", (3, 4, 5, 6), "1=2 2=2", {"kernel_shape": [2] * 3, "strides": [2] * 3, "pads": [0] * 6}),
    ("Pooling3D", (2, 5, 5, 6), "1=3 2=2 3=1", {"kernel_shape": [3] * 3, "strides": [2] * 3, "pads": [1] * 6}),
)


@pytest.mark.parametrize(("kind", "shape", "words", "attributes"), SPACES)
def test_max_pooling_over_any_number_of_axes(
    kind: str, shape: tuple[int, ...], words: str, attributes: dict[str, Any], tmp_path: Path
) -> None:
    """Maxima over one, two or three axes are ONNX's MaxPool to the bit."""
    given, actual, _ = _computed(_row(f"{kind} 0=0 {words} 5=1", shape), tmp_path)
    assert same_bits(reference("MaxPool", *given, **attributes) + 0, actual + 0).all()


@pytest.mark.parametrize("include", [0, 1])
@pytest.mark.parametrize(("kind", "shape", "words", "attributes"), SPACES)
def test_average_pooling_over_any_number_of_axes(
    kind: str, shape: tuple[int, ...], words: str, attributes: dict[str, Any], include: int, tmp_path: Path
) -> None:
    """Averages over one, two or three axes are ONNX's AveragePool, whether the border counts or not."""
    given, actual, _ = _computed(_row(f"{kind} 0=1 {words} 5=1 6={include}", shape), tmp_path)
    assert_close(reference("AveragePool", *given, count_include_pad=include, **attributes), actual)


@pytest.mark.parametrize(("kind", "shape"), [("Pooling1D", (3, 9)), ("Pooling3D", (5, 3, 4, 5))])
def test_global_average_pooling_over_any_number_of_axes(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    """Global averages are ONNX's GlobalAveragePool without the extents of 1."""
    given, actual, _ = _computed(_row(f"{kind} 0=1 4=1", shape), tmp_path)
    assert_close(reference("GlobalAveragePool", *given).reshape(actual.shape), actual)


def test_statistics_are_means_and_deviations(tmp_path: Path) -> None:
    """StatisticsPooling is ONNX's ReduceMean, and the root of the mean square of MeanVarianceNormalization's numerator."""
    given, actual, _ = _computed(_row("StatisticsPooling 0=1", (4, 5, 6)), tmp_path)
    axes: Any = np.array([2, 3])
    mean = reference("ReduceMean", *given, axes, keepdims=1)
    square = reference("ReduceMean", (given[0] - mean) ** 2, axes, keepdims=0)
    assert_close(np.concatenate([mean[:, :, 0, 0], np.sqrt(square)], axis=1), actual)


@pytest.mark.parametrize(
    ("words", "attributes"),
    [
        ("0=1", {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
        ("0=2", {"mode": "linear"}),
        ("0=2 6=1", {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
        ("0=3", {"mode": "cubic"}),
        ("0=3 6=1", {"mode": "cubic", "coordinate_transformation_mode": "align_corners"}),
    ],
)
@pytest.mark.parametrize("size", [(7, 9), (3, 4), (5, 6), (10, 12)])
def test_interp_is_resize(words: str, attributes: dict[str, Any], size: tuple[int, int], tmp_path: Path) -> None:
    """Interp to a size is ONNX's Resize; nearest is its asymmetric floor."""
    given, actual, _ = _computed(_row(f"Interp {words} 3={size[0]} 4={size[1]}", (3, 5, 6)), tmp_path)
    sizes: Any = np.array([len(SAFE), 3, *size])
    assert_near(reference("Resize", *given, NOTHING, NOTHING, sizes, **attributes), actual)


@pytest.mark.parametrize("mode", [(1, "nearest"), (2, "linear"), (3, "cubic")])
def test_interp_by_scales_is_resize_by_scales(mode: tuple[int, str], tmp_path: Path) -> None:
    """Where the scaled size is no whole number, Interp goes by the scale and not by the sizes, as ONNX's Resize does."""
    attributes: dict[str, Any] = {"mode": mode[1]}
    if mode[0] == 1:
        attributes |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    given, actual, _ = _computed(_row(f"Interp 0={mode[0]} 1=1.5 2=2.25", (3, 5, 6)), tmp_path)
    scales = np.array([1, 1, 1.5, 2.25], np.float32)
    assert_near(reference("Resize", *given, NOTHING, scales, **attributes), actual)


@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize(
    ("mode", "padding"),
    [
        *product([(1, "linear"), (2, "nearest")], [(1, "zeros"), (2, "border"), (3, "reflection")]),
        *product([(3, "cubic")], [(1, "zeros"), (3, "reflection")]),
    ],
)
def test_grid_sample(mode: tuple[int, str], padding: tuple[int, str], align: int, tmp_path: Path) -> None:
    """GridSample is ONNX's, for points at most one reflection away; for cubic borders ONNX moves points, ncnn pixels."""
    words = f"GridSample 0={mode[0]} 1={padding[0]} 2={align}"
    (values, grid), actual, _ = _computed(_row(words, (3, 5, 6), (4, 7, 2), grid=1.2), tmp_path)
    expected = reference("GridSample", values, grid, mode=mode[1], padding_mode=padding[1], align_corners=align)
    assert_near(expected, actual)


@pytest.mark.parametrize("aligned", [(0, "output_half_pixel"), (1, "half_pixel")])
@pytest.mark.parametrize("ratio", [0, 1, 3])
def test_roi_align_of_detectron2(aligned: tuple[int, str], ratio: int, tmp_path: Path) -> None:
    """ROIAlign of version 1 is ONNX's RoiAlign."""
    row = Row(
        f"ROIAlign 0=3 1=2 2=0.5 3={ratio} 4={aligned[0]} 5=1",
        ((4, 9, 11), (4,)),
        profiles=SAFE,
        fed={1: lambda *_: np.array([2.5, -3, 17.25, 14], np.float32)},
    )
    (values, boxes), actual, _ = _computed(row, tmp_path)
    samples: Any = np.arange(len(values))
    expected = reference(
        "RoiAlign",
        values,
        boxes,
        samples,
        output_width=3,
        output_height=2,
        spatial_scale=0.5,
        sampling_ratio=ratio,
        coordinate_transformation_mode=aligned[1],
    )
    assert_close(expected, actual)


def test_fold_is_col2im(tmp_path: Path) -> None:
    """Fold is ONNX's Col2Im."""
    words = "Fold 1=2 11=3 2=2 12=1 3=2 13=1 4=1 20=7 21=6"
    given, actual, _ = _computed(_row(words, (18, 24)), tmp_path)
    size: Any = np.array([6, 7])
    window: Any = np.array([3, 2])
    expected = reference("Col2Im", *given, size, window, dilations=[1, 2], pads=[1, 1, 1, 1], strides=[1, 2])
    assert_close(expected, actual)


def test_unfold_is_a_convolution_with_single_ones(tmp_path: Path) -> None:
    """Unfold is ONNX's Conv with one kernel for each element of the window, which is 1 there."""
    given, actual, _ = _computed(_row("Unfold 1=3 11=2 3=2 4=1", (3, 5, 6)), tmp_path)
    kernels = np.eye(18, dtype=np.float32).reshape(18, 3, 2, 3)
    expected = reference("Conv", *given, kernels, pads=[1, 1, 1, 1], strides=[2, 2])
    assert_close(expected.reshape(actual.shape), actual)


@pytest.mark.parametrize("mask", [0, 1])
def test_deformable_convolution(mask: int, tmp_path: Path) -> None:
    """DeformableConv2D is ONNX's DeformConv of one offset group."""
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    shapes = ((3, 5, 6), (12, 3, 3), (6, 3, 3))[: 2 + mask]
    words = "DeformableConv2D 0=4 1=3 11=2 3=2 4=1 14=1 16=1 2=1 12=2 5=1 6=72"
    row = Row(words, shapes, profiles=SAFE, fed={1: between(-1.5, 1.5), 2: between(0, 1)})
    given, actual, tensors = _computed(row, tmp_path)
    names = ["values", "weight", "offsets", "bias", *["mask"] * mask]
    inputs = dict(zip(names, [given[0], tensors["weight"], given[1], tensors["bias"], *given[2:]], strict=True))
    node = helper.make_node(
        "DeformConv", names, ["out"], kernel_shape=[2, 3], strides=[2, 2], pads=[1] * 4, dilations=[2, 1]
    )
    blobs = [helper.make_tensor_value_info(name, 1, None) for name in [*names, "out"]]
    graph = helper.make_graph([node], "one", blobs[:-1], blobs[-1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    found: Any = ReferenceEvaluator(model).run(None, inputs)
    assert_close(np.asarray(found[0], np.float32), actual)
