"""The blobs of a run by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from maskctl.numeric.formats import FloatArray


@dataclass(frozen=True)
class Trace(Mapping[str, FloatArray]):
    """Blob name to float32 array (n, …), in the order of computation."""

    blobs: Mapping[str, FloatArray]

    def __getitem__(self, name: str) -> FloatArray:
        return self.blobs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.blobs)

    def __len__(self) -> int:
        return len(self.blobs)
