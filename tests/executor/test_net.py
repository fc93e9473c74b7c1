"""`maskctl.Net`: one sample in, blobs out, and words for what cannot be fed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskctl import MaskctlError, Net
from tests.builders import param_text

SAMPLE = np.zeros((1, 2, 3), np.float32)


@pytest.fixture
def net(tmp_path: Path) -> Net:
    """Two inputs, of which one has a shape and the other is read as integers."""
    lines = (
        "Input data 0 1 data 0=3 1=2 2=1",
        "Input ids 0 1 ids",
        "Sigmoid s 1 1 data mild",
        "Embed e 1 1 ids words 0=4 1=10 3=40",
    )
    (tmp_path / "net.param").write_bytes(param_text(*lines))
    return Net(tmp_path / "net.param", "random:1")


def test_only_the_inputs_needed(net: Net) -> None:
    """An input that the blobs asked for do not depend on may be missing; one name may stand alone."""
    assert ["mild"] == list(net.run({"data": SAMPLE}, blobs="mild"))
    assert (2, 4) == net.run({"ids": [1, 2]}, ["words"])["words"].shape
    assert {} == net.run({}, [])


def test_what_comes_back_is_its_own(net: Net) -> None:
    """Blobs are copies: writing into one changes neither the array that was fed nor another run."""
    fed = SAMPLE.copy()
    net.run({"data": fed}, ["data"])["data"][...] = 5
    assert not fed.any()


def test_numbers_of_any_type(net: Net) -> None:
    """Lists and integers are numbers as much as float32 is."""
    expected = net.run({"data": SAMPLE + 2}, "mild")["mild"]
    for fed in ((SAMPLE + 2).astype(np.uint8), (SAMPLE + 2).tolist(), np.float64(SAMPLE + 2)):
        assert np.array_equal(expected, net.run({"data": fed}, "mild")["mild"])


def test_how_it_is_printed(net: Net) -> None:
    """A net in a notebook shows its file, inputs and outputs."""
    assert f"Net({net.model.document.path!r}: data, ids -> mild, words)" == repr(net)


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({}, "no input for blob 'data'. Give an array for each of: data."),
        ({"dat": SAMPLE}, "there is no input blob 'dat'. Did you mean 'data'?"),
        (SAMPLE, "inputs is a ndarray. Expected a dict: {'data': array, …}."),
        (
            {"data": SAMPLE[None]},
            (
                "the input for blob 'data' has shape (1, 1, 2, 3). The network declares (1, 2, 3). Run takes one sample at a "
                "time, without an axis for samples."
            ),
        ),
        ({"data": SAMPLE[0]}, "the input for blob 'data' has shape (2, 3). The network declares (1, 2, 3)."),
        ({"data": "cat.jpg"}, "the input for blob 'data' holds <U7. Expected an array of numbers."),
        ({"data": None}, "the input for blob 'data' holds object. Expected an array of numbers."),
        ({"data": SAMPLE * 1j}, "the input for blob 'data' holds complex64. Expected an array of numbers."),
        ({"data": SAMPLE.astype(np.float64) + 1e300}, "the input for blob 'data' is read as fp32, and holds 1e+300."),
        ({"ids": [1.5]}, "the input for blob 'ids' is read as 32-bit integers, and holds 1.5."),
        ({"ids": [1 << 40]}, "the input for blob 'ids' is read as 32-bit integers, and holds 1099511627776."),
        ({"ids": [np.nan]}, "the input for blob 'ids' is read as 32-bit integers, and holds nan."),
        ({"ids": 3}, "the input for blob 'ids' is one number. Expected an array, e.g. [3]."),
    ],
)
def test_what_cannot_be_fed(net: Net, inputs: Any, problem: str) -> None:
    """Each thing wrong with an input is told with the blob's name, and without a warning of numpy's."""
    with pytest.raises(MaskctlError) as caught:
        net.run(inputs, "mild")
    assert str(caught.value).endswith(problem)


def test_what_cannot_be_asked_for(net: Net) -> None:
    """A blob, a precision or a shape that does not exist is told with what does."""
    with pytest.raises(
        MaskctlError, match=r"there is no blob 'mid' that can be computed in .*\. Did you mean 'mild'\?$"
    ):
        net.run({"data": SAMPLE}, "mid")
    with pytest.raises(
        MaskctlError, match=r"^precision 'fp8' is not known\. Expected one of: fp32, fp16, fp16-storage, bf16\.$"
    ):
        net.run({"data": SAMPLE}, "mild", "fp8")
    with pytest.raises(MaskctlError, match=r"^the shape of 'ids' is \(-1,\)\. Expected whole numbers above 0"):
        net.shapes({"ids": (-1,)})
    assert (5, 4) == net.shapes({"ids": [5]})["words"]  # type: ignore[dict-item]
