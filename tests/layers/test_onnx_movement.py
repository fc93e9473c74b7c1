"""Layers that move elements against ONNX's operators of the same meaning: equal to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from maskctl.executor.run import run
from maskctl.numeric.formats import FloatArray, same_bits
from tests.layers.row import FINITE, Row
from tests.layers.test_against_onnx import SEED

pytest.importorskip("onnx", reason="onnx is not installed")

Given: TypeAlias = "FloatArray | npt.NDArray[np.int64]"


def references(operator: str, *inputs: Given, outputs: int = 1, **attributes: Any) -> list[FloatArray]:
    """What ONNX's own evaluator makes of one operator, whose inputs may be integers too."""
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    names, tops = [f"i{number}" for number in range(len(inputs))], [f"o{number}" for number in range(outputs)]
    given = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(values.dtype), None)
        for name, values in zip(names, inputs, strict=True)
    ]
    made = [helper.make_tensor_value_info(top, helper.np_dtype_to_tensor_dtype(inputs[0].dtype), None) for top in tops]
    graph = helper.make_graph([helper.make_node(operator, names, tops, **attributes)], "one", given, made)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    found: Any = ReferenceEvaluator(model).run(None, dict(zip(names, inputs, strict=True)))
    return list(found)


def computed(words: str, folder: Path, *shapes: tuple[int, ...], tops: int = 1) -> tuple[list[Any], list[FloatArray]]:
    """The samples a layer is fed, and its tops."""
    row = Row(words, shapes, tops=tops, profiles=FINITE)
    samples = row.samples(SEED)
    trace = run(row.model(folder, SEED), samples)
    return list(samples.values()), [trace[name] for name in row.tops_named]


def whole(*values: int) -> npt.NDArray[np.int64]:
    """An input of integers."""
    return np.array(values, np.int64)


def assert_same(expected: list[FloatArray], actual: list[FloatArray]) -> None:
    """The same blobs, to the bit."""
    assert [values.shape for values in expected] == [values.shape for values in actual]
    assert all(same_bits(wanted, found).all() for wanted, found in zip(expected, actual, strict=True))


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("0=-1", (0, -1)),
        ("0=15 1=-1", (0, -1, 15)),
        ("0=0 1=-1", (0, -1, 5)),
        ("0=2 1=5 2=-1", (0, -1, 5, 2)),
        ("0=5 1=1 11=3 2=-1", (0, -1, 3, 1, 5)),
        ('6="*(0w,0h),-1"', (0, -1, 15)),
    ],
)
def test_reshape(words: str, target: tuple[int, ...], tmp_path: Path) -> None:
    """Reshape is ONNX's with the samples kept and the extents from c to w."""
    (samples,), actual = computed(f"Reshape {words}", tmp_path, (4, 3, 5))
    assert_same(references("Reshape", samples, whole(*target)), actual)


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5), (2, 3, 4, 5)])
def test_flatten(shape: tuple[int, ...], tmp_path: Path) -> None:
    """Flatten is ONNX's behind the samples."""
    (samples,), actual = computed("Flatten", tmp_path, shape)
    assert_same(references("Flatten", samples, axis=1), actual)


@pytest.mark.parametrize(
    ("order", "shape", "axes"),
    [
        (1, (3, 4), (1, 0)),
        (1, (3, 4, 5), (0, 2, 1)),
        (2, (3, 4, 5), (1, 0, 2)),
        (3, (3, 4, 5), (1, 2, 0)),
        (4, (3, 4, 5), (2, 0, 1)),
        (5, (3, 4, 5), (2, 1, 0)),
        (9, (2, 3, 4, 5), (1, 2, 3, 0)),
        (13, (2, 3, 4, 5), (2, 0, 3, 1)),
        (23, (2, 3, 4, 5), (3, 2, 1, 0)),
    ],
)
def test_permute(order: int, shape: tuple[int, ...], axes: tuple[int, ...], tmp_path: Path) -> None:
    """Permute is ONNX's Transpose that keeps the samples in front."""
    (samples,), actual = computed(f"Permute 0={order}", tmp_path, shape)
    assert_same(references("Transpose", samples, perm=[0, *(1 + axis for axis in axes)]), actual)


@pytest.mark.parametrize(
    ("words", "starts", "ends", "axes"),
    [
        ("9=1, 10=3, 11=0,", (1,), (3,), (1,)),
        ("9=1,-3 10=-1,-233 11=1,2", (1, -3), (-1, 99), (2, 3)),
        ("9=-233,1,2 10=2,0,100", (0, 1, 2), (2, 99, 100), (1, 2, 3)),
        ("0=1 1=2 2=1 3=3 4=-233 5=2", (1, 2, 1), (4, 99, 3), (3, 2, 1)),
        ('19="1,//(0w,2)" 20="-1,0w" 21="0,2"', (1, 3), (-1, 6), (1, 3)),
    ],
)
def test_crop(
    words: str, starts: tuple[int, ...], ends: tuple[int, ...], axes: tuple[int, ...], tmp_path: Path
) -> None:
    """Crop is ONNX's Slice."""
    (samples,), actual = computed(f"Crop {words}", tmp_path, (4, 5, 6))
    assert_same(references("Slice", samples, whole(*starts), whole(*ends), whole(*axes)), actual)


@pytest.mark.parametrize(
    ("words", "axis", "pieces"),
    [("0=1,3 1=0", 1, (1, 3)), ("0=-233,-233,-233 1=-1", 3, (2, 2, 2)), ("2=2, 1=1", 2, (2, 3))],
)
def test_slice(words: str, axis: int, pieces: tuple[int, ...], tmp_path: Path) -> None:
    """Slice is ONNX's Split."""
    (samples,), actual = computed(f"Slice {words}", tmp_path, (4, 5, 6), tops=len(pieces))
    assert_same(references("Split", samples, whole(*pieces), outputs=len(pieces), axis=axis), actual)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_concat(axis: int, tmp_path: Path) -> None:
    """Concat is ONNX's."""
    samples, actual = computed(f"Concat 0={axis}", tmp_path, (3, 4, 5), (3, 4, 5), (3, 4, 5))
    assert_same(references("Concat", *samples, axis=axis + 1 if axis >= 0 else axis), actual)


@pytest.mark.parametrize(("words", "mode"), [("4=0 5=1.5", "constant"), ("4=1", "edge"), ("4=2", "reflect")])
@pytest.mark.parametrize(
    ("sides", "before", "behind"),
    [("2=2 3=1", (0, 0, 2), (0, 0, 1)), ("0=1 1=2 7=2 8=1", (2, 1, 0), (1, 2, 0)), ("0=3 2=1", (0, 3, 1), (0, 0, 0))],
)
def test_padding(
    words: str, mode: str, sides: str, before: tuple[int, ...], behind: tuple[int, ...], tmp_path: Path
) -> None:
    """Padding is ONNX's Pad: constant, edge, reflect."""
    (samples,), actual = computed(f"Padding {words} {sides}", tmp_path, (4, 5, 6))
    more = (np.array(1.5, np.float32),) if mode == "constant" else ()
    assert_same(references("Pad", samples, whole(0, *before, 0, *behind), *more, mode=mode), actual)


@pytest.mark.parametrize(
    ("words", "repeats"), [("0=0 1=3", (3, 1, 1)), ("0=2 1=2", (1, 1, 2)), ("2=2,3", (1, 2, 3)), ("2=2,1,4", (2, 1, 4))]
)
def test_tile(words: str, repeats: tuple[int, ...], tmp_path: Path) -> None:
    """Tile is ONNX's."""
    (samples,), actual = computed(f"Tile {words}", tmp_path, (3, 4, 5))
    assert_same(references("Tile", samples, whole(1, *repeats)), actual)


@pytest.mark.parametrize(("mode", "name"), [(0, "CRD"), (1, "DCR")])
def test_pixelshuffle(mode: int, name: str, tmp_path: Path) -> None:
    """PixelShuffle is ONNX's DepthToSpace, its mode 0 the column-row-depth order."""
    (samples,), actual = computed(f"PixelShuffle 0=2 1={mode}", tmp_path, (12, 3, 5))
    assert_same(references("DepthToSpace", samples, blocksize=2, mode=name), actual)


def test_reorg(tmp_path: Path) -> None:
    """Reorg in mode 1 is ONNX's SpaceToDepth."""
    (samples,), actual = computed("Reorg 0=2 1=1", tmp_path, (3, 4, 6))
    assert_same(references("SpaceToDepth", samples, blocksize=2), actual)


@pytest.mark.parametrize(
    ("words", "operator", "shape", "axes"),
    [
        ("Squeeze 3=0,-1", "Squeeze", (1, 4, 1), (1, -1)),
        ("Squeeze 1=1", "Squeeze", (3, 1, 4), (2,)),
        ("ExpandDims 3=0,-1", "Unsqueeze", (3, 4), (1, -1)),
        ("ExpandDims 3=1,2", "Unsqueeze", (3, 4), (2, 3)),
    ],
)
def test_axes_of_one(words: str, operator: str, shape: tuple[int, ...], axes: tuple[int, ...], tmp_path: Path) -> None:
    """Squeeze and ExpandDims are ONNX's Squeeze and Unsqueeze, counted behind the samples."""
    (samples,), actual = computed(words, tmp_path, shape)
    assert_same(references(operator, samples, whole(*axes)), actual)
