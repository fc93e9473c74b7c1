"""Arrays out of `.npy` and `.npz` files of anybody: what a header claims is held against what is there before memory is taken.

numpy's own reader evaluates the header as Python and allocates what it says; this one reads the three entries that every
writer makes, and numbers alone, never objects. Source: numpy's `numpy/lib/format.py`, versions 1.0 to 3.0 of the format.
"""

from __future__ import annotations

import contextlib
import math
import re
import struct
import weakref
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from maskctl.errors import InputError
from maskctl.layers.base import Array, Shape
from maskctl.param.document import meant_file

MAGIC = b"\x93NUMPY"
NUMBERS = "fiub"
"""Kinds of numpy's types that are numbers: floats, integers with and without sign, booleans."""

_LENGTHS = {1: "<H", 2: "<I", 3: "<I"}
_MOST_HEADER = 10_000
_DTYPE = re.compile(r"""['"]descr['"]\s*:\s*['"]([<>|=]?[fiubcSUVO?][0-9]{0,6})['"]""")
_ORDER = re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)""")
_SHAPE = re.compile(r"""['"]shape['"]\s*:\s*\(([0-9L, ]*)\)""")
_NUMBER = re.compile(r"[0-9]+")
_MOST_AXES = 32
_MOST_EMPTY = 1 << 16
"""Of an extent, where another one is 0 and no byte backs the claim."""
_CHUNK = 1 << 20
_TIMES, _MORE_BYTES = 10, 1 << 28
"""How much an array in an archive may unpack to: so many times the archive's size, and so many bytes more."""


class ArrayError(ValueError):
    """What is wrong with an array; the message has no path."""


def read_npy(file: BinaryIO, size: int) -> Array:
    """The array in a stream of `size` bytes; raises `ArrayError` for what is none, `EOFError` where it ends early."""
    kind, shape, in_fortran_order, begin = _header(file)
    wanted = kind.itemsize * math.prod(shape)
    if wanted > size - begin or (not wanted and max(shape, default=0) > _MOST_EMPTY):
        claimed = f"{' x '.join(map(str, shape))} of {kind}"
        raise ArrayError(f"its header says {claimed}, {wanted:,} bytes, and {max(0, size - begin):,} are there")
    values = np.empty(wanted, np.uint8)
    for start in range(0, wanted, _CHUNK):
        part = _exactly(file, min(_CHUNK, wanted - start))
        values[start : start + len(part)] = np.frombuffer(part, np.uint8)
    file.read(1)  # a member of an archive checks its sum when it comes to its end
    found: Array = values.view(kind).reshape(shape, order="F" if in_fortran_order else "C")
    return found


def _header(file: BinaryIO) -> tuple[np.dtype[Any], Shape, bool, int]:
    """Type, shape, whether the first axis runs fastest, and where the elements begin."""
    magic = file.read(8)
    if not magic.startswith(MAGIC) or len(magic) < 8 or magic[6] not in _LENGTHS:
        raise ArrayError(f"it begins with {magic!r}, which no array of numpy does")
    coded = _LENGTHS[magic[6]]
    (length,) = struct.unpack(coded, _exactly(file, struct.calcsize(coded)))
    if length > _MOST_HEADER:
        raise ArrayError(f"its header is {length:,} bytes long")
    text = _exactly(file, length).decode("latin-1")
    order, shape = _ORDER.search(text), _SHAPE.search(text)
    if not order or not shape:
        raise ArrayError(f"its header is {text.strip()[:80]!r}")
    extents = _NUMBER.findall(shape[1])
    if len(extents) > _MOST_AXES or max(map(len, extents), default=0) > len(str(1 << 63)):
        raise ArrayError(f"its header says the shape ({shape[1][:80]})")
    return _kind(text), tuple(map(int, extents)), order[1] == "True", 8 + struct.calcsize(coded) + length


def _kind(header: str) -> np.dtype[Any]:
    """The type of the elements; objects, which can run code when they are read, and records are refused."""
    found = _DTYPE.search(header)
    if found is None:
        raise ArrayError("its elements are no plain numbers")
    if "O" in found[1]:
        raise ArrayError("it holds pickled Python objects, which can run code")
    try:
        kind = np.dtype(found[1])
    except TypeError:
        raise ArrayError(f"numpy has no type '{found[1]}'") from None
    if not kind.itemsize:
        raise ArrayError(f"its elements are '{found[1]}', of no bytes")
    return kind


def _exactly(file: BinaryIO, size: int) -> bytes:
    found = file.read(size)
    if len(found) < size:
        raise EOFError("it is cut short")
    return found


class Archive(Mapping[str, Array]):
    """The arrays of an open `.npz` by name, each read when it is asked for; errors are worded by `words`."""

    def __init__(self, path: str | Path, words: Words) -> None:
        self._path, self._words = str(path), words
        with refusals(self._path, words):
            self._size = Path(path).stat().st_size
            self._file = zipfile.ZipFile(path)
        weakref.finalize(self, self._file.close)
        self._members = {info.filename.removesuffix(".npy"): info for info in self._file.infolist()}

    def __getitem__(self, name: str) -> Array:
        """The array; raises `InputError` where it cannot be read."""
        info = self._members[name]
        with refusals(self._path, self._words):
            if info.file_size > _TIMES * self._size + _MORE_BYTES:
                raise ArrayError(
                    f"'{name}' unpacks to {info.file_size:,} bytes out of a file of {self._size:,}. If that is meant, save it "
                    "with numpy.savez, which does not pack"
                )
            with self._file.open(info) as member:
                return read_npy(cast("BinaryIO", member), info.file_size)

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, name: object) -> bool:
        """True for the name of an array, which is not read for it."""
        return name in self._members


@dataclass(frozen=True)
class Words:
    """How an error names a file that cannot be read, an array that cannot, and what was expected."""

    file: str
    array: str
    expected: str


@contextlib.contextmanager
def refusals(path: str, words: Words) -> Iterator[None]:
    """Says in words what zipfile, its decoders and numpy raise for a file that is none, or damaged."""
    try:
        yield
    except MemoryError:
        raise
    except OSError as error:
        hint = meant_file(path, "*.np[yz]") if isinstance(error, FileNotFoundError) else ""
        raise InputError(f"cannot read {words.file}: {error.strerror or error}.{hint}", path) from None
    except Exception as error:  # noqa: BLE001 - zlib, bz2, lzma and struct errors, NotImplementedError for a method, ...
        reason = str(error) or type(error).__name__
        raise InputError(f"cannot read {words.array}: {reason}. {words.expected}", path) from None
