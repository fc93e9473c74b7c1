"""Channels behind inputs of unknown shape: what is known of them, and which mistakes that shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskctl.graph.channels import UNKNOWN, with_channels
from maskctl.layers import Shape
from maskctl.lint.conditions import Conditions
from maskctl.lint.finding import Severity
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.lint.subject import Subject
from maskctl.param.scan import scan
from tests.layers.row import Row
from tests.layers.rows import families

ROWS = [row for rows in families().values() for row in rows if not row.refused]
HEAD = "Input data 0 1 data\nConvolution first 1 1 data map 0=16 1=3 6=432\n"
CHOSEN = [rule for rule in rules().values() if rule.group == "params" and rule.severity != Severity.INFO]


def subject(lines: str, **shapes: Shape) -> Subject:
    """A file of these layer lines."""
    data = f"7767517\n{lines.count(chr(10))} 99\n{lines}".encode()
    return Subject(data, scan(data), Conditions(shapes=shapes))


def outer(shape: Shape) -> Shape:
    """The shape with its outermost extent alone."""
    return (shape[0], *(UNKNOWN,) * (len(shape) - 1))


def wrong(row: Row) -> list[str]:
    """What is said of a layer of which only outermost extents come in, and is not what whole shapes give."""
    data = row.param.encode()
    inputs = {f"in{number}": shape for number, shape in enumerate(row.inputs)}
    whole = Subject(data, scan(data), Conditions(shapes=inputs))
    found, misfits = with_channels(
        whole.operators, {name: outer(shape) for name, shape in inputs.items()}, whole.bounds
    )
    unlike = [
        f"{row}: {name} {shape}"
        for name, shape in found.items()
        if any(extent not in {UNKNOWN, true} for extent, true in zip(shape, whole.shapes[name], strict=True))
    ]
    return [*unlike, *(f"{row}: {error}" for _, error in misfits)]


def test_outermost_extents_are_those_of_whole_shapes() -> None:
    """Of every layer that the engine computes, the extents that follow from outermost ones are right, and none is refused."""
    assert [] == [line for row in ROWS for line in wrong(row)]


@pytest.mark.parametrize(
    ("layers", "blob", "shape"),
    [
        ("ReLU r 1 1 map out", "out", (16, UNKNOWN, UNKNOWN)),
        ("Slice s 1 2 map a out -23300=2,4,-233", "out", (12, UNKNOWN, UNKNOWN)),
        ("Slice s 1 2 map a out -23300=2,4,-233 1=2", "out", (16, UNKNOWN, UNKNOWN)),
        ("Split s 1 2 map a b\nConcat c 2 1 a b out", "out", (32, UNKNOWN, UNKNOWN)),
        ("Split s 1 2 map a b\nConcat c 2 1 a b out 0=-1", "out", (16, UNKNOWN, UNKNOWN)),
        ("Padding p 1 1 map out 0=1 1=1 2=1 3=1 4=2", "out", (16, UNKNOWN, UNKNOWN)),
        ("Padding p 1 1 map out 7=1", "out", None),
        ("PixelShuffle p 1 1 map out 0=2", "out", (4, UNKNOWN, UNKNOWN)),
        ("Reorg p 1 1 map out 0=2", "out", (64, UNKNOWN, UNKNOWN)),
        ("Pooling p 1 1 map pool 0=1 4=1\nInnerProduct i 1 1 pool out 0=3 2=48", "out", (3,)),
        ("Convolution c 1 1 map out 0=3 1=1 6=48", "out", (3, UNKNOWN, UNKNOWN)),
        ("Permute p 1 1 map a 0=1\nConvolution c 1 1 a out 0=3 1=1 6=48", "out", None),
        ("Permute p 1 1 map a 0=1\nConvolution c 1 1 a out 0=3 1=1 11=3 6=144", "out", (3, UNKNOWN, UNKNOWN)),
        ("MyLayer p 1 1 map a\nReLU r 1 1 a out", "out", None),
        ('Reshape p 2 1 data map out 6="1w,1h,128"', "out", (128, UNKNOWN, UNKNOWN)),
        ('Reshape p 2 1 data map out 6="1w,1h,*(1c,2)"', "out", None),
        ('Reshape p 1 1 data out 6="*(0w,2),8"', "out", None),
        ("Reshape p 1 1 data out 0=-1 1=144", "out", (144, UNKNOWN)),
        ("Reshape p 1 1 data out 0=8 1=-1", "out", None),
        ("Reshape p 1 1 data out 0=0 1=0 2=8 13=1", "out", None),
        ("Convolution1D c 1 1 data out 0=3 1=3 6=45", "out", (3, UNKNOWN)),
    ],
)
def test_channels_are_followed(layers: str, blob: str, shape: Shape | None) -> None:
    """Channels go through layers as far as they and the rank are certain."""
    assert shape == subject(f"{HEAD}{layers}\n").extents.get(blob)


SIZE, SHAPE = "weight-size-mismatch", "shape-mismatch"


@pytest.mark.parametrize(
    ("layers", "rule", "says"),
    [
        ("ConvolutionDepthWise l 1 1 map out 0=16 1=3 6=144 7=16 11=1", SIZE, "48: 16 (num_output) x 1 (channels of a"),
        (
            "Convolution l 1 1 map out 0=4 1=3 6=540",
            SIZE,
            "Expected 576: 4 (num_output) x 16 (channels) x 3 (kernel_h)",
        ),
        ("Deconvolution l 1 1 map out 0=4 1=2 6=128", SIZE, "Expected 256:"),
        ("InnerProduct l 1 1 map out 0=4 2=100", SIZE, "a multiple of 64: 4 (num_output) x 16 (channels)."),
        ("Pooling p 1 1 map a 0=1 4=1\nInnerProduct l 1 1 a out 0=4 2=128", SIZE, "Expected 64: 4 (num_output) x 16"),
        ("ConvolutionDepthWise l 1 1 map out 0=15 1=3 6=135 7=15", SHAPE, "has 16 channels. Its weight is for 15."),
        (
            "Pooling p 1 1 map a 0=1 4=1\nConvolution l 1 1 a out 0=4 1=1 6=64",
            "convolution-on-vector",
            "a vector of 16:",
        ),
        ('Reshape p 1 1 data a 6="1w,1h,128"\nConvolution l 1 1 a out 0=4 1=1 6=256', SIZE, "Expected 512:"),
        ("BatchNorm l 1 1 map out 0=8", SHAPE, "wants 16 elements of a weight and channels is 8."),
        ("PReLU l 1 1 map out 0=8", SHAPE, "num_slope is 8."),
        ("Scale l 1 1 map out 0=8", SHAPE, "scale_data_size is 8."),
        ("ShuffleChannel l 1 1 map out 0=3", SHAPE, "16 channels do not divide into 3 groups."),
        ("Slice l 1 2 map a b -23300=2,8,9", SHAPE, "an extent of 16 is cut at (0, 8, 17)."),
        (
            "Slice s 1 2 map a b -23300=2,4,-233\nEltwise l 2 1 a b out 0=1",
            SHAPE,
            "inputs of shapes (4, ?, ?) and (12, ?, ?). Expected equal shapes. It reads 'a' (4, ?, ?), 'b' (12, ?, ?).",
        ),
        ("Slice s 1 2 map a b -23300=2,4,-233\nBinaryOp l 2 1 a b out", SHAPE, "axis 0 has 4 and 12."),
        ("Slice s 1 2 map a b -23300=2,4,-233\nConcat l 2 1 a b out 0=1", SHAPE, "do not join along axis 1."),
    ],
)
def test_mistakes_behind_a_convolution(layers: str, rule: str, says: str) -> None:
    """What does not fit the channels is told once, though no shape is given."""
    told = [(finding.rule, finding.problem.message) for finding in lint(subject(f"{HEAD}{layers}\n"), CHOSEN)]
    assert [rule] == [name for name, _ in told]
    assert says in told[0][1]


@pytest.mark.parametrize(
    "layers",
    [
        "ReLU r 1 1 data a\nConvolution l 1 1 a out 0=4 1=1 6=12",
        "Permute p 1 1 map a 0=3\nConvolution l 1 1 a out 0=4 1=3 6=72",
        "Reshape p 1 1 map a 0=-1 1=8\nBatchNorm l 1 1 a out 0=8\nReshape q 1 1 data b 0=9 1=9 2=-1\nBatchNorm m 1 1 b x 0=1",
        "Split t 1 2 map a b\nPooling p 1 1 a v 0=1 4=1\nReshape q 1 1 v w 0=1 1=1 2=16\nBinaryOp l 2 1 b w out",
        "Split t 1 2 map a b\nPooling p 1 1 a v 0=1 4=1\nInnerProduct i 1 1 v w 0=7 2=112\nBinaryOp l 2 1 b w out",
        "Split t 1 2 map a b\nConvolution p 1 1 a s 0=1 1=1 6=16\nBinaryOp l 2 1 b s out 0=2",
        "Convolution l 2 1 map data out 0=4 1=3 19=1",
        "BatchNorm l 1 1 map out 0=17",
    ],
)
def test_what_may_fit_is_not_told(layers: str) -> None:
    """Unknown ranks, vectors along the innermost axis, maps of one channel, and elements left over are no mistakes."""
    assert [] == [finding.problem.message for finding in lint(subject(f"{HEAD}{layers}\n"), CHOSEN)]


def test_a_misfit_of_whole_shapes_is_told_once() -> None:
    """A layer that refuses whole shapes is not told again by its channels, and what lies behind the next convolution is judged."""
    layers = "Convolution b 1 1 map x 0=4 1=3 6=540\nConvolution c 1 1 x y 0=8 1=3 6=288\nPReLU d 1 1 y z 0=7\n"
    told = lint(subject(HEAD + layers, data=(3, 32, 32)), CHOSEN)
    assert [(SIZE, "b"), (SHAPE, "d")] == [(finding.rule, finding.problem.layer) for finding in told]


@pytest.mark.parametrize("model", sorted(Path("sample_models").glob("*.param")), ids=lambda path: path.stem)
def test_sample_models_without_input_shapes(model: Path) -> None:
    """In real files the channels found without the input's shape are those found with it."""
    data = model.read_bytes()
    whole = Subject(data, scan(data))
    found, misfits = with_channels(whole.operators, {}, ())
    assert not misfits
    assert {} == {name: shape for name, shape in found.items() if whole.shapes[name][0] != shape[0]}
