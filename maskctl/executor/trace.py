"""The blobs of a run by name, in memory and as an `.npz`."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from maskctl.errors import InputError
from maskctl.executor.arrays import MAGIC, NUMBERS, Archive, Words, refusals
from maskctl.layers.base import Array

_WORDS = Words("the blobs", "the blobs", "Expected an .npz with an array per blob, as 'maskctl run -o' writes.")


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


class BlobFile(Archive):
    """The arrays of an open `.npz` by name, each read when it is asked for: two runs' blobs need not fit in memory."""

    def __getitem__(self, name: str) -> Array:
        """The array; raises `InputError` where it cannot be read, or holds no numbers."""
        values = super().__getitem__(name)
        if values.dtype.kind not in NUMBERS:
            raise InputError(f"'{name}' holds {values.dtype}. Expected numbers.", self._path)
        return values


def load_blobs(path: str | Path) -> BlobFile:
    """The arrays of an `.npz` by name; raises `InputError` for a file that is none."""
    with refusals(str(path), _WORDS), open(path, "rb") as file:
        begin = file.read(len(MAGIC))
    if begin == MAGIC:
        raise InputError(f"this is one array. {_WORDS.expected}", str(path))
    return BlobFile(path, _WORDS)
