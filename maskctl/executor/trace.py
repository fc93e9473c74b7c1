"""The blobs of a run by name, in memory and as an `.npz`."""

from __future__ import annotations

import contextlib
import weakref
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from maskctl.errors import InputError
from maskctl.layers.base import Array

_EXPECTED = "Expected an .npz with an array per blob, as 'maskctl run -o' writes."


@dataclass(frozen=True)
class Trace(Mapping[str, Array]):
    """Blob name to array (n, …), in the order of computation."""

    blobs: Mapping[str, Array]

    def __getitem__(self, name: str) -> Array:
        return self.blobs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.blobs)

    def __len__(self) -> int:
        return len(self.blobs)


def write_blobs(file: BinaryIO, blobs: Mapping[str, Array]) -> None:
    """Writes blobs as an `.npz`, one array after another, whatever their names are."""
    with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        for name, values in blobs.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(values), allow_pickle=False)


class BlobFile(Mapping[str, Array]):
    """The arrays of an open `.npz` by name, each read when it is asked for: two runs' blobs need not fit in memory."""

    def __init__(self, stored: np.lib.npyio.NpzFile, names: Sequence[str], path: str) -> None:
        self._stored, self._names, self._path = stored, names, path
        weakref.finalize(self, stored.close)

    def __getitem__(self, name: str) -> Array:
        """The array; raises `InputError` where it cannot be read, or holds no numbers."""
        if name not in self._names:
            raise KeyError(name)
        with _refusals(self._path):
            values: Array = self._stored[name]
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
            held = values.dtype if isinstance(values, np.ndarray) else "no array"
            raise InputError(f"'{name}' holds {held}. Expected numbers.", self._path)
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        """True for the name of an array, which is not read for it."""
        return name in self._names


def load_blobs(path: str | Path) -> BlobFile:
    """The arrays of an `.npz` by name; raises `InputError` for a file that is none."""
    with _refusals(str(path)):
        stored = np.load(path, allow_pickle=False)
    if isinstance(stored, np.ndarray):
        raise InputError(f"this is one array. {_EXPECTED}", str(path))
    return BlobFile(stored, tuple(dict.fromkeys(stored.files)), str(path))


@contextlib.contextmanager
def _refusals(path: str) -> Iterator[None]:
    """Says in words what numpy and zipfile raise for a file that is none, or damaged."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot read the blobs: {error.strerror or error}.", path) from None
    except (ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        reason = "it is no .npz" if "pickle" in str(error) else str(error)
        raise InputError(f"cannot read the blobs: {reason}. {_EXPECTED}", path) from None
