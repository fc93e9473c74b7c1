"""Chains of int8 layers, whose blobs of codes only other layers see, here and in the real engine."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from conformance.case import chain, sample
from maskctl.errors import ExecutionError
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.graph.random_weights import random_tensors
from maskctl.graph.weights import write_random, write_to
from maskctl.layers import Weight
from maskctl.param import parse
from maskctl.peers.ncnn_engine import NcnnEngine
from maskctl.targets import TARGETS
from tests.layers.agreement import OPTIONS, agreement_db
from tests.layers.row import SUMS

NEEDS_NCNN = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")
SEED = 5
RECIPROCAL_DB = 60.0
"""x86 takes an approximate reciprocal of the scales in depthwise layers whose groups are a multiple of 8."""


def conv(channels: int, outputs: int, term: int, more: str = "") -> str:
    """A 3x3 Convolution with a border of 1."""
    return f"Convolution 0={outputs} 1=3 4=1 5=1 6={9 * channels * outputs} 8={term} {more}".strip()


def written(folder: Path, layers: Sequence[str]) -> Path:
    """The `.param` of lines behind an Input `data`, with made-up weights beside it."""
    tops = {word for line in layers for word in line.split()[4 + int(line.split()[2]) :][: int(line.split()[3])]}
    path = folder / "chain.param"
    lines = ["7767517", f"{len(layers) + 1} {len(tops) + 1}", "Input data 0 1 data", *layers, ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    write_random(path.with_suffix(".bin"), operators(build(parse(path.read_bytes(), str(path)))), SEED)
    return path


def samples(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """A sample per profile."""
    rng = np.random.default_rng(SEED)
    return np.stack([sample(rng, profile, shape) for profile in ("normal", "sparse", "special")])


def both(path: Path, shape: tuple[int, ...], blob: str = "out") -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """A blob as the engine computes it and as maskctl does."""
    given = {"data": samples(shape)}
    engine = NcnnEngine().run(path, path.with_suffix(".bin"), given, [blob], OPTIONS)
    return engine.blobs[blob], run(load(path), given, Policy(target=TARGETS["x86"]))[blob]


@NEEDS_NCNN
@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ((3, 6, 5), (conv(3, 8, 102), conv(8, 5, 2))),
        ((3, 6, 5), (conv(3, 8, 102, "9=1"), conv(8, 16, 102), conv(16, 8, 102, "9=1"), conv(8, 3, 2))),
        ((5, 6, 5), ("Quantize 0=1", conv(5, 4, 102), conv(4, 7, 2))),
        ((8, 6, 5), ("Quantize 0=8", conv(8, 4, 2))),
        ((3, 6, 5), (conv(3, 8, 102), "ReLU", conv(8, 5, 2))),
        ((3, 6, 5), (conv(3, 5, 102), "ReLU 0=0.1", conv(5, 5, 2))),
        ((4, 6), ("Quantize 0=4", "InnerProduct 0=3 1=1 2=18 8=2")),
        ((8, 3, 6), ("Quantize", "InnerProduct 0=3 1=1 2=432 8=2")),
        ((3, 4, 4), (conv(3, 8, 102), "InnerProduct 0=8 1=1 2=1024 8=2 9=1")),
    ],
)
def test_chain_agrees_with_ncnn(shape: tuple[int, ...], layers: tuple[str, ...], tmp_path: Path) -> None:
    """Codes go from layer to layer as they are, and the floats at the end agree."""
    expected, actual = both(written(tmp_path, chain(*layers)), shape)
    assert expected.shape == actual.shape
    assert SUMS <= agreement_db(expected, actual)


@NEEDS_NCNN
def test_codes_are_the_engines(tmp_path: Path) -> None:
    """The blob between two int8 layers is int8, and equal to the last code."""
    path = written(tmp_path, chain(conv(3, 24, 102, "9=1"), conv(24, 32, 102)))
    expected, actual = both(path, (3, 60, 50))
    assert np.int8 == actual.dtype
    assert np.array_equal(expected.astype(np.int8), actual)


@NEEDS_NCNN
def test_two_readers_of_codes(tmp_path: Path) -> None:
    """Split hands codes to several layers, and Concat joins them along the channels."""
    layers = (
        f"{conv(3, 8, 102).replace('Convolution', 'Convolution a 1 1 data a0')}",
        "Split s 1 2 a0 a1 a2",
        f"{conv(8, 8, 102).replace('Convolution', 'Convolution b 1 1 a1 b0')}",
        "Concat c 2 1 b0 a2 c0",
        f"{conv(16, 4, 2).replace('Convolution', 'Convolution d 1 1 c0 out')}",
    )
    expected, actual = both(written(tmp_path, layers), (3, 6, 5))
    assert SUMS <= agreement_db(expected, actual)


@NEEDS_NCNN
@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((3, 6, 5), conv(3, 8, 2)),
        ((3, 6, 5), conv(3, 8, 102)),
        ((6, 6, 5), "ConvolutionDepthWise 0=6 1=3 4=1 5=1 6=54 7=6 8=1"),
        ((6, 6, 5), "ConvolutionDepthWise 0=4 1=3 4=1 5=1 6=108 7=2 8=102"),
        ((10,), "InnerProduct 0=4 1=1 2=40 8=2"),
    ],
)
def test_float_weights_of_an_int8_layer(shape: tuple[int, ...], layer: str, tmp_path: Path) -> None:
    """A `.bin` may hold the weights as floats: both quantise them with the weight's scales."""
    path = written(tmp_path, chain(layer))
    (*_, op) = operators(build(parse(path.read_bytes(), str(path))))
    changed = {"weight": lambda values: values * np.float32(0.0123), "weight_scales": lambda values: values * 0 + 70}
    tensors = random_tensors(op, SEED)
    floats = {w.name: changed.get(w.name, lambda values: values)(v) for w, v in tensors}
    with path.with_suffix(".bin").open("wb") as file:
        write_to(file, (op,), [floats])
    expected, actual = both(path, shape)
    assert SUMS <= agreement_db(expected.astype(np.float32), actual.astype(np.float32))


@NEEDS_NCNN
@pytest.mark.parametrize("scale", [1.0, 2.0, 0.25, 0.0])
@pytest.mark.parametrize("shape", [(600,), (3, 200), (8, 5, 15)])
def test_halves_are_rounded_away_from_zero(scale: float, shape: tuple[int, ...], tmp_path: Path) -> None:
    """Halves, in vectors and out of them, and what is beyond the codes."""
    path = written(tmp_path, chain("Quantize"))
    path.with_suffix(".bin").write_bytes(np.float32(scale).tobytes())
    values = np.random.default_rng(SEED).integers(-600, 601, (1, *shape)).astype(np.float32) / np.float32(4)
    engine = NcnnEngine().run(path, path.with_suffix(".bin"), {"data": values}, ["out"], OPTIONS)
    assert np.array_equal(engine.blobs["out"].astype(np.int8), run(load(path), {"data": values})["out"])


@NEEDS_NCNN
@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((3, 6, 5), conv(3, 8, 2)),
        ((3, 6, 5), conv(3, 5, 102)),
        ((6, 6, 5), "ConvolutionDepthWise 0=6 1=3 4=1 5=1 6=54 7=6 8=101"),
        ((8, 6, 5), "ConvolutionDepthWise 0=8 1=5 4=2 5=1 6=200 7=8 8=1"),
        ((10,), "InnerProduct 0=4 1=1 2=40 8=2"),
        ((3, 10), "InnerProduct 0=8 1=1 2=80 8=2"),
    ],
)
def test_a_weight_without_scale_counts_as_zero(shape: tuple[int, ...], layer: str, tmp_path: Path) -> None:
    """Where the scale of a kernel is 0 its sums are 0, and the bias remains."""
    path = written(tmp_path, chain(layer))
    (*_, op) = operators(build(parse(path.read_bytes(), str(path))))
    tensors = {weight.name: _first_zero(weight, values) for weight, values in random_tensors(op, SEED)}
    with path.with_suffix(".bin").open("wb") as file:
        write_to(file, (op,), [tensors])
    expected, actual = both(path, shape)
    assert np.isfinite(expected).all()
    assert RECIPROCAL_DB <= agreement_db(expected.astype(np.float32), actual.astype(np.float32))


def _first_zero(weight: Weight, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The values, the first of the weight's scales being 0."""
    if weight.name == "weight_scales":
        values[0] = 0
    return values


@pytest.mark.parametrize("layer", ["Quantize", "Dequantize", "Requantize", "InnerProduct 0=4 2=40", "LSTM 0=2 1=80"])
def test_layers_of_floats_refuse_codes(layer: str, tmp_path: Path) -> None:
    """What reads floats or 32-bit integers says so when it gets codes; the engine reads past them."""
    path = written(tmp_path, chain("Quantize", layer))
    with pytest.raises(ExecutionError, match="int8 codes"):
        run(load(path), {"data": samples((10,))})
