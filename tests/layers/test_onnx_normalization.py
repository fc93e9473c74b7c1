"""Normalisations, reductions and layers along an axis against the reference evaluator of ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskctl.errors import GraphError
from maskctl.executor.run import run
from maskctl.layers import Params, batchnorm
from maskctl.numeric.formats import FloatArray, same_bits
from tests.layers.row import Row
from tests.layers.test_against_onnx import assert_close, reference

SEED = 3
Shape = tuple[int, ...]
Tensors = dict[str, FloatArray]

SHAPES: tuple[Shape, ...] = ((3, 5, 4), (8, 3, 7))
ALONG = [(shape, axis) for shape in ((9,), (3, 5), (3, 4, 5), (2, 3, 4, 5)) for axis in range(len(shape))]
REDUCED = [
    (axes, keep) for axes in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2), (-1,), (-3, -1)) for keep in (0, 1)
]


def computed(words: str, shape: Shape, folder: Path) -> tuple[Tensors, FloatArray, FloatArray]:
    """The weights of one layer, the samples it is fed, and what maskctl computes."""
    row = Row(words, (shape,), profiles=("normal", "sparse"))
    model, samples = row.model(folder, SEED), row.samples(SEED)
    return dict(model.weights.tensors[1]), samples["in0"], run(model, samples)["out0"]


def over(axes: tuple[int, ...], keep: int) -> str:
    """Reduction's words for axes."""
    return f"1=0 -23303={len(axes)},{','.join(map(str, axes))} 4={keep} 5=1"


def behind_samples(axes: tuple[int, ...]) -> Any:
    """The same axes as ONNX counts them, with the samples in front."""
    return np.array([axis if axis < 0 else axis + 1 for axis in axes], np.int64)


@pytest.mark.parametrize("shape", [(5,), (4, 6), (3, 5, 4), (8, 2, 3, 4)])
def test_batch_normalization(shape: Shape, tmp_path: Path) -> None:
    """BatchNorm is ONNX's BatchNormalization over the outermost axis, for all ranks."""
    weights, samples, actual = computed(f"BatchNorm 0={shape[0]} 1=0.01", shape, tmp_path)
    numbers = (weights[name] for name in ("slope", "bias", "mean", "var"))
    assert_close(reference("BatchNormalization", samples, *numbers, epsilon=0.01), actual)


def test_batch_normalization_without_variance() -> None:
    """A standard deviation of 0 counts as 0.0001, as when the engine loads it."""
    ones = np.ones(2, np.float32)
    weights = {"slope": ones, "mean": ones, "var": np.array([0, 4], np.float32), "bias": ones}
    folded = batchnorm.prepare(Params(batchnorm.PARAMS, {0: 2}), weights)
    np.testing.assert_allclose(folded["factor"], [10000, 0.5], 1e-6)
    np.testing.assert_allclose(folded["offset"], [-9999, 0.5], 1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_scale_and_bias(shape: Shape, tmp_path: Path) -> None:
    """Scale and Bias are ONNX's Mul and Add of a number per channel."""
    weights, samples, actual = computed(f"Scale 0={shape[0]}", shape, tmp_path / "scale")
    assert same_bits(reference("Mul", samples, weights["scale"].reshape(-1, 1, 1)), actual).all()
    weights, samples, actual = computed(f"Bias 0={shape[0]}", shape, tmp_path / "bias")
    assert same_bits(reference("Add", samples, weights["bias"].reshape(-1, 1, 1)), actual).all()


@pytest.mark.parametrize("shape", [*SHAPES, (3, 2, 4, 5)])
def test_instance_normalization(shape: Shape, tmp_path: Path) -> None:
    """InstanceNorm is ONNX's InstanceNormalization."""
    weights, samples, actual = computed(f"InstanceNorm 0={shape[0]} 1=0.01", shape, tmp_path)
    expected = reference("InstanceNormalization", samples, weights["gamma"], weights["beta"], epsilon=0.01)
    assert_close(expected, actual)


@pytest.mark.parametrize(
    ("shape", "group"),
    [((7,), (7,)), ((4, 7), (7,)), ((3, 4, 5), (5,)), ((3, 4, 5), (4, 5)), ((2, 3, 4, 5), (4, 5)), ((2, 3, 4, 5), (3, 4, 5))],
)  # fmt: skip
def test_layer_normalization(shape: Shape, group: Shape, tmp_path: Path) -> None:
    """LayerNorm is ONNX's LayerNormalization over as many innermost axes as affine_size elements make."""
    weights, samples, actual = computed(f"LayerNorm 0={int(np.prod(group))} 1=0.01", shape, tmp_path)
    gamma, beta = weights["gamma"].reshape(group), weights["beta"].reshape(group)
    assert_close(
        reference("LayerNormalization", samples, gamma, beta, axis=samples.ndim - len(group), epsilon=0.01), actual
    )


@pytest.mark.parametrize("shape", [(7,), (4, 7), (3, 4, 7), (2, 3, 4, 7)])
def test_rms_normalization(shape: Shape, tmp_path: Path) -> None:
    """Without eps, RMSNorm is ONNX's LpNormalization times the root of the count and gamma."""
    weights, samples, actual = computed("RMSNorm 0=7 1=0.0", shape, tmp_path)
    expected = reference("LpNormalization", samples, axis=-1, p=2) * np.float32(np.sqrt(7)) * weights["gamma"]
    assert_close(expected, actual)


@pytest.mark.parametrize(("shape", "groups"), [((8,), 2), ((6, 5), 3), ((8, 3, 7), 4), ((6, 2, 3, 4), 1)])
def test_group_normalization(shape: Shape, groups: int, tmp_path: Path) -> None:
    """GroupNorm is ONNX's GroupNormalization, gamma and beta applied by channel."""
    weights, samples, actual = computed(f"GroupNorm 0={groups} 1={shape[0]} 2=0.01", shape, tmp_path)
    ones = np.ones(groups, np.float32)
    given = samples.reshape(*samples.shape[:2], -1)
    expected = reference("GroupNormalization", given, ones, ones * 0, num_groups=groups, epsilon=0.01)
    expected = expected * weights["gamma"][:, None] + weights["beta"][:, None]
    assert_close(expected.reshape(samples.shape), actual)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 9])
def test_lrn(size: int, tmp_path: Path) -> None:
    """LRN across channels is ONNX's for odd sizes; an even window of ncnn leans to the other side."""
    _, samples, actual = computed(f"LRN 1={size} 2=0.5 3=0.6 4=2.0", (8, 3, 4), tmp_path)
    # ONNX's evaluator (1.23) looks at as many channels as there are samples.
    given = np.tile(samples, (4, 1, 1, 1))[:, :: 1 if size % 2 else -1]
    expected = reference("LRN", given, size=size, alpha=0.5, beta=0.6, bias=2.0)
    assert_close(expected[: len(samples), :: 1 if size % 2 else -1], actual)


@pytest.mark.parametrize(("words", "shape", "axis"), [("0=0 4=1 3=5", (5, 3, 4), 1), ("0=1 4=0 3=1", (13,), 1)])
def test_lp_normalization(words: str, shape: Shape, axis: int, tmp_path: Path) -> None:
    """Normalize with eps_mode 1 and a tiny eps is ONNX's LpNormalization times the scale."""
    weights, samples, actual = computed(f"Normalize {words} 9=1 2=1e-20", shape, tmp_path)
    with np.errstate(invalid="ignore"):
        expected = reference("LpNormalization", samples, axis=axis, p=2)
    assert_close(np.asarray(expected * weights["scale"].reshape(-1, *(1,) * (len(shape) - 1)), np.float32), actual)


@pytest.mark.parametrize(("across", "axes"), [(0, [2, 3]), (1, [1, 2, 3])])
def test_mean_variance_normalization(across: int, axes: list[int], tmp_path: Path) -> None:
    """MVN is ONNX's MeanVarianceNormalization, whose eps of 1e-9 is outside the root, too."""
    _, samples, actual = computed(f"MVN 0=1 1={across} 2=1e-9", (3, 5, 4), tmp_path)
    assert_close(reference("MeanVarianceNormalization", samples, axes=axes), actual)


@pytest.mark.parametrize("shape", [(6,), (5, 4), (3, 4, 5), (4, 2, 3, 4)])
def test_prelu(shape: Shape, tmp_path: Path) -> None:
    """PReLU is ONNX's PRelu with the slopes along the outermost axis."""
    weights, samples, actual = computed(f"PReLU 0={shape[0]}", shape, tmp_path)
    assert_close(reference("PRelu", samples, weights["slope"].reshape(-1, *(1,) * (len(shape) - 1))), actual)


@pytest.mark.parametrize(
    ("operation", "operator"),
    [
        (0, "ReduceSum"), (1, "ReduceL1"), (2, "ReduceSumSquare"), (3, "ReduceMean"), (4, "ReduceMax"),
        (5, "ReduceMin"), (6, "ReduceProd"), (7, "ReduceL1"), (8, "ReduceL2"), (10, "ReduceLogSumExp"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("axes", "keep"), REDUCED)
def test_reduction(operation: int, operator: str, axes: tuple[int, ...], keep: int, tmp_path: Path) -> None:
    """Each operation of Reduction is one of ONNX's; without keepdims, all axes reduced leave one element."""
    _, samples, actual = computed(f"Reduction 0={operation} {over(axes, keep)}", (3, 4, 5), tmp_path)
    expected = reference(operator, samples, behind_samples(axes), keepdims=keep)
    assert_close(expected.reshape(len(samples), *expected.shape[1:] or (1,)), actual)


def test_reduction_to_the_log_of_a_sum(tmp_path: Path) -> None:
    """LogSum is ONNX's ReduceLogSum; both give NaN for a negative sum."""
    _, samples, actual = computed(f"Reduction 0=9 {over((1, 2), 0)}", (8, 4, 5), tmp_path)
    with np.errstate(invalid="ignore"):
        expected = reference("ReduceLogSum", samples, behind_samples((1, 2)), keepdims=0)
    np.testing.assert_allclose(actual, expected, 1e-5)
    assert np.isnan(expected).any()


@pytest.mark.parametrize(("shape", "axis"), ALONG)
def test_cumulative_sum(shape: Shape, axis: int, tmp_path: Path) -> None:
    """CumulativeSum is ONNX's CumSum."""
    _, samples, actual = computed(f"CumulativeSum 0={axis}", shape, tmp_path)
    along: Any = np.array(axis + 1, np.int64)
    assert_close(reference("CumSum", samples, along), actual)


@pytest.mark.parametrize(("shape", "axis"), ALONG)
def test_softmax(shape: Shape, axis: int, tmp_path: Path) -> None:
    """Softmax is ONNX's for every axis of every rank."""
    _, samples, actual = computed(f"Softmax 0={axis} 1=1", shape, tmp_path)
    assert_close(reference("Softmax", samples, axis=axis + 1), actual)


@pytest.mark.parametrize(("shape", "axis"), [((6,), 0), ((4, 6), -1), ((6, 3, 4), 0), ((2, 3, 5, 4), 3)])
def test_glu(shape: Shape, axis: int, tmp_path: Path) -> None:
    """GLU is half of the blob times ONNX's Sigmoid of the other half."""
    _, samples, actual = computed(f"GLU 0={axis}", shape, tmp_path)
    first, second = np.split(samples, 2, axis if axis < 0 else axis + 1)
    assert_close(reference("Mul", first, reference("Sigmoid", second)), actual)


@pytest.mark.parametrize("words", ["Softmax 0=1", "Reduction 1=0 -23303=1,1"])
def test_old_files_are_refused(words: str, tmp_path: Path) -> None:
    """Without fixbug0 the engine does not load these, and neither does maskctl."""
    with pytest.raises(GraphError, match=r"fixbug0 .* is not 1"):
        Row(words, ((3, 4, 5),)).model(tmp_path, SEED)
