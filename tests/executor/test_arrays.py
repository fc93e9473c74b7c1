"""What headers of arrays claim is held against what is there; nothing is evaluated, and no memory taken for a claim."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from maskctl.errors import InputError
from maskctl.executor.arrays import ArrayError, read_npy
from maskctl.executor.trace import load_blobs


def npy(descr: str, shape: str, payload: bytes = b"") -> bytes:
    """An `.npy` with this header."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': ({shape}), }}".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + payload


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize(
    "values",
    [
        np.arange(24, dtype="<f4").reshape(2, 3, 4),
        np.arange(6, dtype=">i2").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array(7, np.uint8),
        np.zeros((0, 5), np.float16),
        np.array([True, False]),
    ],
)
def test_as_numpy_writes_it(
    values: np.ndarray[tuple[int, ...], np.dtype[np.generic]], version: tuple[int, int]
) -> None:
    """Every type of number in every order and version of the format is read as numpy wrote it."""
    file = io.BytesIO()
    np.lib.format.write_array(file, values, version=version)
    size = file.tell()
    file.seek(0)
    found = read_npy(file, size)
    assert (values.dtype, values.shape, values.tolist()) == (found.dtype, found.shape, found.tolist())


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            npy("'<f4'", "10000000000,", bytes(48)),
            "its header says 10000000000 of float32, 40,000,000,000 bytes, and 48 are there",
        ),
        (npy("'<f4'", "1000000000, 0"), "its header says 1000000000 x 0 of float32, 0 bytes, and 0 are there"),
        (npy("'<f4'", "36893488147419103232,"), "its header says the shape (36893488147419103232,)"),
        (npy("'|O'", "1,", b"\x80\x04N."), "it holds pickled Python objects, which can run code"),
        (npy("[('a', '<f4')]", "1,"), "its elements are no plain numbers"),
        (npy("'<f3'", "1,"), "numpy has no type '<f3'"),
        (npy("'|V0'", "1,"), "its elements are '|V0', of no bytes"),
        (b"\x93NUMPY\x01\x00\x03\x00((((", "its header is '((('"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "its header is 4,294,967,295 bytes long"),
        (b"\x93NUMPY\x09\x00", r"it begins with b'\x93NUMPY\t\x00', which no array of numpy does"),
    ],
)
def test_refused(data: bytes, problem: str) -> None:
    """A header that claims more than there is, or what is no array of numbers, is refused with what it says."""
    with pytest.raises(ArrayError) as caught:
        read_npy(io.BytesIO(data), len(data))
    assert problem == str(caught.value)


def test_cut_short() -> None:
    """A stream that ends before its header's end is told as that."""
    with pytest.raises(EOFError, match="it is cut short"):
        read_npy(io.BytesIO(npy("'<f4'", "1,")[:40]), 1000)


def test_archive_that_unpacks_to_too_much(tmp_path: Path) -> None:
    """An array that unpacks to far more than its file is refused before it is unpacked, with the way out."""
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as member:
        for _ in range(300):
            member.write(bytes(1 << 20))
    size = path.stat().st_size
    with pytest.raises(InputError) as caught:
        load_blobs(path)["a"]
    assert (
        f"{path}: cannot read the blobs: 'a' unpacks to 314,572,800 bytes out of a file of {size:,}. If that is meant, save it "
        "with numpy.savez, which does not pack. Expected an .npz with an array per blob, as 'maskctl run -o' writes."
    ) == str(caught.value)
