"""The blobs of a run by name, in memory and as an `.npz`."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from maskctl.errors import InputError
from maskctl.layers.base import Array


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


def load_blobs(path: str | Path) -> Trace:
    """The arrays of an `.npz` by name; raises `InputError` for a file that is none, or holds no numbers."""
    try:
        stored = np.load(path, allow_pickle=False)
        if isinstance(stored, np.ndarray):
            raise InputError(
                "this is one array. Expected an .npz with an array per blob, as 'maskctl run -o' writes.", str(path)
            )
        with stored:
            found = {name: stored[name] for name in stored.files}
    except OSError as error:
        raise InputError(f"cannot read the blobs: {error.strerror or error}.", str(path)) from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"cannot read the blobs: {error}. Expected an .npz with an array per blob, as 'maskctl run -o' writes.",
            str(path),
        ) from None
    other = [name for name, values in found.items() if values.dtype.kind not in "fiub"]
    if other:
        raise InputError(f"'{other[0]}' holds {found[other[0]].dtype}. Expected numbers.", str(path))
    return Trace(found)
