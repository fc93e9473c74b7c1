"""What fp32 makes of NaN and -inf: what arm64's vector code does, or its scalar code in layers that have no other.

Channels come in fours, so that the engine packs them; the figures are those of the released arm64 build, which is asked again
where one is at hand.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import numpy as np
import pytest

from maskctl.executor.run import run
from maskctl.numeric.formats import FloatArray
from maskctl.peers.engines import ARM64_PYTHON
from maskctl.peers.ncnn_engine import Job, NcnnEngine
from tests.layers.agreement import OPTIONS, SEED
from tests.layers.row import Row, Shape

ENGINE = os.environ.get(ARM64_PYTHON, "")
MAP, PLANE, ROWS, VOLUME = (4, 1, 4), (4, 3, 4), (4, 9), (4, 2, 4, 4)
ACTIVATED = ("9=1", "9=2 -23310=1,0.1", "9=3 -23310=2,-1.0,2.0", "9=4", "9=5", "9=6 -23310=2,0.2,0.5")
LAYERS = (
    *((f"Convolution 0=4 1=1 5=1 6=16 {words}", PLANE) for words in ACTIVATED),
    *((f"Convolution 0=4 1=3 4=1 5=1 6=144 {words}", PLANE) for words in ACTIVATED),
    *((f"ConvolutionDepthWise 0=4 1=3 4=1 5=1 6=36 7=4 {words}", PLANE) for words in ACTIVATED),
    *((f"Deconvolution 0=4 1=2 5=1 6=64 {words}", PLANE) for words in ACTIVATED),
    *((f"Convolution1D 0=4 1=2 5=1 6=32 {words}", ROWS) for words in ACTIVATED),
    *((f"InnerProduct 0=4 1=1 2=192 {words}", PLANE) for words in ACTIVATED),
    *(
        (words, MAP)
        for words in ("ReLU", "ReLU 0=0.1", "ReLU 0=2.0", "Clip 0=-1.0 1=2.0", "PReLU 0=4", "Sigmoid", "TanH")
    ),
    *((words, MAP) for words in ("HardSwish 0=0.16666667", "HardSigmoid", "Mish", "BinaryOp 0=4 1=1 2=0.5")),
    *((words, MAP) for words in ("BinaryOp 0=5 1=1 2=0.5", "Softmax 1=1", "Softmax 0=2 1=1")),
    *((f"Pooling 0=0 {words}", PLANE) for words in ("1=2 2=2", "1=3 2=1 3=1", "1=2 2=1 5=1", "4=1", "7=1 8=2")),
    *((f"Pooling1D 0=0 {words}", ROWS) for words in ("1=3 2=2", "4=1", "7=1 8=2")),
    *((f"Pooling3D 0=0 {words}", VOLUME) for words in ("1=2 2=2", "4=1", "7=1 8=2")),
    *((f"Convolution3D 0=4 1=2 5=1 6=128 {words}", VOLUME) for words in (ACTIVATED[0], ACTIVATED[2])),
    *((f"ConvolutionDepthWise1D 0=4 1=2 5=1 6=8 7=4 {words}", ROWS) for words in (ACTIVATED[0], ACTIVATED[2])),
    *((f"Deconvolution1D 0=4 1=2 5=1 6=32 {words}", ROWS) for words in (ACTIVATED[0], ACTIVATED[2])),
)
TWO = tuple((words, MAP) for words in ("Eltwise 0=2", "BinaryOp 0=4", "BinaryOp 0=5"))


def _samples(shape: Shape, inputs: int) -> dict[str, FloatArray]:
    """All NaN, all -inf, all +inf, zeros of both signs, one NaN at each of six places, and no NaN; the second likewise from behind."""
    rng = np.random.default_rng(SEED)
    first = rng.standard_normal((11, *shape)).astype(np.float32)
    for sample, value in enumerate((np.nan, -np.inf, np.inf, -0.0)):
        first[sample] = value
    for sample, place in enumerate(np.linspace(0, first[0].size - 1, 6).astype(int), 4):
        first[sample].flat[place] = np.nan
    return {"in0": first} if inputs == 1 else {"in0": first, "in1": first[::-1].copy()}


def _computed(folder: Path, words: str, shape: Shape, inputs: int) -> tuple[Job, FloatArray]:
    row = Row(words, (shape,) * inputs)
    model = row.model(folder, SEED)
    samples = _samples(shape, inputs)
    path = folder / "row.param"
    return Job(path, path.with_suffix(".bin"), samples, ("out0",), OPTIONS), run(model, samples)["out0"]


@pytest.mark.skipif(not ENGINE, reason="no arm64 engine: set MASKCTL_ARM64_PYTHON (see conformance/setup-arm64.sh)")
def test_nan_is_where_the_arm64_engine_has_it(tmp_path: Path) -> None:
    """In every sample the same elements are NaN as in the arm64 engine."""
    cases = [(words, shape, 1) for words, shape in LAYERS] + [(words, shape, 2) for words, shape in TWO]
    both = [_computed(tmp_path / str(number), *case) for number, case in enumerate(cases)]
    runs = NcnnEngine(shlex.split(ENGINE)).run_all([job for job, _ in both])
    expected = {case[0]: np.isnan(done.blobs["out0"]).tolist() for case, done in zip(cases, runs, strict=True)}
    assert expected == {case[0]: np.isnan(actual).tolist() for case, (_, actual) in zip(cases, both, strict=True)}


@pytest.mark.parametrize(("words", "shape"), [case for case in LAYERS if " 9=1" in case[0] and case[1] == PLANE])
def test_a_built_in_relu_lets_nan_pass(tmp_path: Path, words: str, shape: Shape) -> None:
    """NaN in, NaN out, over maps and vectors."""
    assert np.isnan(_computed(tmp_path, words, shape, 1)[1][0]).all()


@pytest.mark.parametrize("words", ["Eltwise 0=2", "BinaryOp 0=4", "BinaryOp 0=5"])
def test_nan_of_either_operand_wins(tmp_path: Path, words: str) -> None:
    """A maximum or minimum is NaN exactly where an operand is."""
    job, actual = _computed(tmp_path, words, MAP, 2)
    expected = np.isnan(job.inputs["in0"]) | np.isnan(job.inputs["in1"])
    assert expected.tolist() == np.isnan(actual).tolist()


@pytest.mark.parametrize(
    ("words", "shape", "expected"),
    [("Pooling 0=0 4=1", PLANE, 1), ("Pooling 0=0 7=1 8=1", PLANE, 0), ("Pooling1D 0=0 4=1", ROWS, 0)],
)
def test_one_nan_makes_its_window_nan_where_there_is_vector_code(
    tmp_path: Path, words: str, shape: Shape, expected: int
) -> None:
    """Pooling keeps one NaN among numbers, adaptive pooling and Pooling1D drop it."""
    assert [expected] * 6 == [int(np.isnan(sample).sum()) for sample in _computed(tmp_path, words, shape, 1)[1][4:10]]


@pytest.mark.parametrize(
    "words", ["HardSwish 0=0.2 1=0.5", "ConvolutionDepthWise 0=4 1=1 6=4 7=4 9=6 -23310=2,0.2,0.5"]
)
def test_hard_swish_of_minus_infinity_is_nan(tmp_path: Path, words: str) -> None:
    """-inf is multiplied by 0, and +inf stays; a weight below 0 makes the one of the other."""
    found = np.isnan(_computed(tmp_path, words, MAP, 1)[1])
    assert (found[1] ^ found[2]).all()
