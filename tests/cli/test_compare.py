"""`maskctl compare`: figures per blob, thresholds as exit status, and files that cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maskctl.errors import InputError
from maskctl.executor.trace import load_blobs
from maskctl.report.blobs import SCHEMA
from tests.cli.driver import Runner, check_golden
from tests.report.schemas import complaints, schema

REFERENCE = np.arange(12, dtype=np.float32).reshape(1, 3, 4)


@pytest.fixture
def files(folder: Path) -> Path:
    """A reference, and a second file whose blobs are equal, close, lost, of another shape, or missing."""
    close, lost = REFERENCE.copy(), REFERENCE.copy()
    close[0, 1, 2] += 0.5
    lost[0, 2, 3] = np.nan
    np.savez(folder / "a.npz", same=REFERENCE, close=REFERENCE, lost=REFERENCE, shape=REFERENCE, left=REFERENCE)
    np.savez(folder / "b.npz", same=REFERENCE, close=close, lost=lost, shape=REFERENCE[:, :2], right=REFERENCE)
    return folder


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("compare", ("a.npz", "b.npz")),
        ("compare_itself", ("a.npz", "a.npz", "--min-sqnr", "200", "--min-cos", "1")),
        ("compare_least", ("a.npz", "b.npz", "--min-cos", "0.9999")),
        ("compare_json", ("a.npz", "b.npz", "--min-sqnr", "20", "--json")),
    ],
)
def test_figures(run: Runner, name: str, arguments: tuple[str, ...]) -> None:
    """SQNR, cosine, the largest error and where, and the non-finite counts; 1 where one is not close enough."""
    check_golden(name, ("compare", *arguments), run("compare", *arguments))


@pytest.mark.usefixtures("files")
def test_values_by_hand(run: Runner) -> None:
    """The figures of one changed element are those worked out by hand."""
    document = json.loads(run("compare", "a.npz", "b.npz", "--json").out)
    assert ([], SCHEMA) == (complaints("compare", document), schema("compare")["properties"]["schema"]["const"])
    assert ["same", "close", "lost", "shape"] == list(document["blobs"])
    found = document["blobs"]["close"]
    assert (0.5, [0, 1, 2], [0, 0]) == (found["largest_error"], found["at"], found["not_finite"])
    assert 10 * np.log10(506 / 0.25) == pytest.approx(found["sqnr_db"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "x.npz: cannot read the blobs: No such file or directory."),
        (b"not a zip", "x.npz: cannot read the blobs: "),
        (b"", "x.npz: cannot read the blobs: "),
    ],
)
def test_unreadable(files: Path, run: Runner, content: bytes | None, message: str) -> None:
    """A file that is none, or holds no arrays, is refused with its name."""
    if content is not None:
        (files / "x.npz").write_bytes(content)
    result = run("compare", "a.npz", "x.npz")
    assert (2, "") == (result.code, result.out)
    assert result.err.startswith(f"maskctl: {message}")


def test_nothing_in_common(files: Path, run: Runner) -> None:
    """Files without a blob of the same name cannot be compared, and the message lists what they have."""
    np.savez(files / "c.npz", other=REFERENCE)
    np.savez(files / "d.npz", another=REFERENCE)
    expected = "maskctl: c.npz and d.npz have no blob of the same name. only in the first: 'other'. only in the second: 'another'.\n"
    assert (2, "", expected) == tuple(run("compare", "c.npz", "d.npz"))


def test_one_array(files: Path, run: Runner) -> None:
    """A single array has no blob names."""
    np.save(files / "one.npy", REFERENCE)
    result = run("compare", "a.npz", "one.npy")
    assert (2, "maskctl: one.npy: this is one array. ") == (
        result.code,
        result.err[: len("maskctl: one.npy: this is one array. ")],
    )


def test_texts(files: Path, run: Runner) -> None:
    """Arrays of text are refused."""
    np.savez(files / "text.npz", same=np.array(["a"]))
    expected = "maskctl: text.npz: 'same' holds <U1. Expected numbers.\n"
    assert (2, "", expected) == tuple(run("compare", "a.npz", "text.npz"))


def test_a_file_without_samples(files: Path, run: Runner) -> None:
    """A blob from elsewhere may lack the axis of samples where there is one sample."""
    np.savez(files / "device.npz", same=REFERENCE[0])
    for order in (("a.npz", "device.npz"), ("device.npz", "a.npz")):
        result = run("compare", *order, "--min-cos", "1")
        assert (0, "exact") == (result.code, result.out.splitlines()[1].split()[2])


def test_rows_filled_up(files: Path, run: Runner) -> None:
    """NaN in the same place of both, as where samples found different numbers of boxes, is no loss."""
    values = REFERENCE.copy()
    values[0, 2] = np.nan
    np.savez(files / "boxes.npz", same=values)
    assert 0 == run("compare", "boxes.npz", "boxes.npz", "--min-sqnr", "100").code


def test_no_cosine(run: Runner) -> None:
    """A cosine above 1 can never be reached."""
    result = run("compare", "a.npz", "b.npz", "--min-cos", "99.9")
    assert (2, "", "maskctl: --min-cos 99.9 is no cosine. Expected -1 to 1, e.g. --min-cos 0.999.\n") == tuple(result)


def test_one_blob_at_a_time(files: Path) -> None:
    """An .npz is read blob by blob, so that only the damaged blob is missed, and closed when nobody needs it."""
    whole = (files / "a.npz").read_bytes()
    place = whole.index(b"close.npy") + 200
    (files / "damaged.npz").write_bytes(whole[:place] + b"\xff\xfe\xfd" + whole[place + 3 :])
    blobs = load_blobs(files / "damaged.npz")
    assert ("close" in blobs, len(blobs)) == (True, 5)
    assert np.array_equal(REFERENCE, blobs["same"])
    with pytest.raises(InputError, match=r"damaged\.npz: cannot read the blobs: Bad CRC-32"):
        blobs["close"]
