"""The fp32 definitions of all layer types against the real engine of this machine, in a process of its own."""

from __future__ import annotations

import importlib.util
import math
from itertools import product

import numpy as np
import pytest

from conformance.agreement import difference
from conformance.case import ACTIVATIONS, Case, chain, convolution, inner_product
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.numeric.formats import FloatArray
from maskctl.peers.ncnn_engine import Job, NcnnEngine
from maskctl.targets import PRECISIONS

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="the ncnn wheel is not installed")

SEED = 7
LEAST_DB = 110.0
OPTIONS = PRECISIONS["fp32"] - {"use_winograd_convolution"}
"""The definitions are plain sums; winograd's fp32 transforms alone cost some 20 dB."""

FINITE = ("normal", "sparse", "special")
WITH_INFINITE = (*FINITE, "infinite")
WITH_NAN = (*WITH_INFINITE, "nan")


def _case(name: str, layer: str, shape: tuple[int, ...], profiles: tuple[str, ...] = WITH_NAN) -> Case:
    return Case(name, chain(layer), shape, profiles, precision="fp32")


def _convolution(
    name: str, channels: int, outputs: int, kernel: int, size: tuple[int, int], more: str = "4=1", bias: int = 1
) -> Case:
    return _case(name, convolution(channels, outputs, kernel, more, bias), (channels, *size))


def _activated(name: str, words: str) -> tuple[Case, ...]:
    # The engine's vector code and its scalar code disagree about NaN in fused activations, and infinite inputs make NaN.
    return (
        _case(f"Convolution of 8 with {name}", convolution(8, 8, 3, f"4=1 {words}"), (8, 3, 5), FINITE),
        _case(f"Convolution of 3 with {name}", convolution(3, 5, 3, f"4=1 {words}"), (3, 3, 5), FINITE),
        _case(f"InnerProduct of 7 with {name}", inner_product(13, 7, words), (13,), FINITE),
    )


def _poolings() -> tuple[Case, ...]:
    windows = (
        "1=2 2=2",
        "1=3 2=2",
        "1=3 2=1 3=1",
        "1=3 11=2 2=2 12=1 3=1 14=0 13=2 15=1",
        "1=5 2=3 3=2",
        "1=3 2=3 3=2",
    )
    rows = []
    for (number, kind), channels, window, mode in product(enumerate(("max", "average")), (3, 8), windows, range(4)):
        # In maxima the engine drops NaN or keeps it depending on where in the window it stands.
        profiles = WITH_INFINITE if kind == "max" else WITH_NAN
        words = f"Pooling 0={number} {window} 5={mode}"
        rows.append(_case(f"Pooling {kind} of {channels}, {window} 5={mode}", words, (channels, 6, 7), profiles))
        if kind == "average":
            rows.append(_case(f"Pooling {kind} of {channels}, {window} 5={mode} 6=1", f"{words} 6=1", (channels, 6, 7)))
    return tuple(rows)


SUMS = (
    _convolution("Convolution 1x1 8-16", 8, 16, 1, (3, 5), ""),
    _convolution("Convolution 1x1 7-5", 7, 5, 1, (3, 5), ""),
    _convolution("Convolution 3x3 3-5", 3, 5, 3, (4, 7)),
    _convolution("Convolution 3x3 12-20", 12, 20, 3, (4, 5)),
    _convolution("Convolution 3x3 one pixel", 8, 8, 3, (1, 1)),
    _convolution("Convolution 3x3 one row", 5, 6, 3, (1, 7)),
    _convolution("Convolution 3x3 stride 2", 6, 4, 3, (7, 5), "3=2 4=1"),
    _convolution("Convolution 3x3 stride 1x2", 6, 4, 3, (7, 5), "3=1 13=2 4=1"),
    _convolution("Convolution 3x3 dilation 2", 15, 6, 3, (5, 6), "2=2 4=2"),
    _convolution("Convolution 3x3 dilation 1x3", 4, 6, 3, (7, 5), "2=1 12=3 4=1"),
    _convolution("Convolution 5x1", 4, 3, 5, (3, 6), "11=1 4=2 14=0"),
    _convolution("Convolution border larger than kernel", 4, 4, 3, (2, 2), "4=4"),
    _convolution("Convolution border of four widths", 4, 4, 3, (3, 4), "4=1 15=2 14=0 16=3"),
    _convolution("Convolution border of 0.3", 4, 4, 3, (3, 4), "4=1 18=0.3"),
    _convolution("Convolution SAME_UPPER", 5, 4, 3, (5, 6), "3=2 4=-233"),
    _convolution("Convolution SAME_LOWER", 5, 4, 3, (5, 6), "3=2 4=-234"),
    _convolution("Convolution SAME_UPPER 2x2", 5, 4, 2, (5, 6), "4=-233"),
    _convolution("Convolution SAME_LOWER 2x2", 5, 4, 2, (5, 6), "4=-234"),
    _convolution("Convolution without bias", 5, 4, 3, (5, 6), "4=1", bias=0),
    _case("Convolution of a vector", convolution(7, 5, 1, ""), (7,)),
    *(case for name, words in ACTIVATIONS.items() for case in _activated(name, words)),
    *_activated("mish", "9=5"),
    _case("InnerProduct 13-7", inner_product(13, 7), (13,)),
    _case("InnerProduct 64-10", inner_product(64, 10), (64,)),
    _case("InnerProduct of a map", inner_product(30, 8), (5, 2, 3)),
    _case("InnerProduct of rows", inner_product(6, 5), (3, 6)),
    _case("InnerProduct of rows flattened", inner_product(18, 5), (3, 6)),
    _case("InnerProduct without bias", inner_product(13, 7, bias=0), (13,)),
    *(case for case in _poolings() if "average" in case.name),
    *(_case(f"Pooling global average of {channels}", "Pooling 0=1 4=1", (channels, 3, 5)) for channels in (3, 4, 8)),
    *(
        _case(f"Softmax over axis {axis} of {shape}", f"Softmax 0={axis} 1=1", shape, FINITE)
        for axis, shape in (
            (0, (1,)), (0, (10,)), (0, (1000,)), (0, (3, 5)), (1, (3, 5)), (-1, (8, 3)), (0, (8, 2, 3)), (0, (3, 2, 3)),
            (1, (3, 4, 5)), (2, (3, 4, 5)), (-3, (5, 4, 3)),
        )
    ),
)  # fmt: skip

MOVES = (
    *(case for case in _poolings() if "max" in case.name),
    *(_case(f"Pooling global max of {n}", "Pooling 0=0 4=1", (n, 3, 5), WITH_INFINITE) for n in (3, 4, 8)),
    _case("Dropout 1", "Dropout", (3, 2, 5)),
    _case("Dropout 0.5", "Dropout 0=0.5", (3, 2, 5)),
    *(
        Case(
            f"Split and Concat of {shape} along {axis}",
            ("Split split 1 2 data a b", f"Concat concat 2 1 a b out 0={axis}"),
            shape,
            WITH_NAN,
            "fp32",
        )
        for axis, shape in (
            (0, (7,)), (0, (3, 5)), (1, (3, 5)), (0, (3, 2, 5)), (0, (8, 2, 5)), (1, (3, 2, 5)), (2, (8, 2, 5)), (-1, (4, 2, 5)),
        )
    ),
)  # fmt: skip

Blobs = tuple[FloatArray, FloatArray]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Blobs]:
    """What the engine computes for each case, and what maskctl does."""
    folder = tmp_path_factory.mktemp("nets")
    cases = [*SUMS, *MOVES]
    paths = [case.write(folder / str(number), SEED) for number, case in enumerate(cases)]
    jobs = [
        Job(path, path.with_suffix(".bin"), {"data": case.samples(SEED)}, ("out",), OPTIONS)
        for case, path in zip(cases, paths, strict=True)
    ]
    runs = NcnnEngine().run_all(jobs)
    return {
        case.name: (engine.blobs["out"], run(load(path), job.inputs, Policy("fp32"))["out"])
        for case, path, job, engine in zip(cases, paths, jobs, runs, strict=True)
    }


def signal_over_noise_db(expected: FloatArray, actual: FloatArray) -> float:
    """Over the elements that are finite in `expected`."""
    finite = np.isfinite(expected)
    exact = expected[finite].astype(np.float64)
    noise = float(np.sum((exact - actual[finite]) ** 2))
    return 10 * math.log10(float(np.sum(exact**2)) / noise) if noise else math.inf


@pytest.mark.parametrize("case", SUMS, ids=lambda case: case.name)
def test_sums_agree_but_for_their_order(case: Case, outputs: dict[str, Blobs]) -> None:
    """Sums agree to 110 dB in every sample, which leaves room for their order alone; non-finite values are the same."""
    expected, actual = outputs[case.name]
    assert expected.shape == actual.shape
    for profile, wanted, computed in zip(case.profiles, expected, actual, strict=True):
        special = np.isfinite(wanted) & np.isfinite(computed)
        assert (
            f"{profile}: " == f"{profile}: {difference(np.where(special, 0, wanted), np.where(special, 0, computed))}"
        )
        assert signal_over_noise_db(wanted, computed) > LEAST_DB


@pytest.mark.parametrize("case", MOVES, ids=lambda case: case.name)
def test_data_movement_is_exact(case: Case, outputs: dict[str, Blobs]) -> None:
    """What only moves or picks values gives exactly the engine's; a zero may have the other sign where maxima meet."""
    expected, actual = outputs[case.name]
    is_max = "max" in case.name
    assert "" == difference(expected + 0 if is_max else expected, actual + 0 if is_max else actual, case.profiles)
