"""Weights out of a `.bin`: every storage tag, every offset checked, the file used up exactly.

Source: ncnn `src/modelbin.cpp` (`ModelBinFromDataReader::load`). A tagged tensor begins with four bytes that
say how it is stored; anything shorter than a multiple of four bytes is padded to one.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskctl.errors import InputError, WeightsError
from maskctl.graph.operators import Operator
from maskctl.graph.random_weights import random_tensors
from maskctl.layers import Weight
from maskctl.numeric.formats import FloatArray

_TAG_FP16 = 0x01306B47
_TAG_INT8 = 0x000D4B38
_TAG_FP32 = 0x0002C056
_TABLE_ENTRIES = 256
_INT8_TERMS = ("int8_scale_term", "quantize_term")


@dataclass(frozen=True)
class LoadedWeights:
    """The weights of each layer by name, as float32, and how many bytes of the `.bin` each layer takes."""

    tensors: tuple[Mapping[str, FloatArray], ...]
    bytes_on_disk: tuple[int, ...]


def write_random(path: str | Path, ops: tuple[Operator, ...], seed: int) -> None:
    """Writes a `.bin` of made-up weights, the same for the same seed, that `load` and the engine read."""
    with open(path, "wb") as file:
        for op in ops:
            for weight, values in random_tensors(op, seed):
                if weight.role == "int8":
                    file.write(
                        struct.pack("<I", _TAG_INT8) + values.astype(np.int8).tobytes() + bytes(-weight.count % 4)
                    )
                else:
                    file.write((bytes(4) if weight.tagged else b"") + values.astype("<f4").tobytes())


def load(path: str | Path, ops: tuple[Operator, ...]) -> LoadedWeights:
    """Reads the weights of all layers in file order.

    Raises `InputError` when the file cannot be read, `WeightsError` when it is too short or too long or holds
    NaN or infinity.
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(f"cannot read the weights: {error.strerror}. Give the .bin with --bin.", str(path)) from None
    return read(data, ops, str(path))


def read(data: npt.NDArray[np.uint8], ops: tuple[Operator, ...], path: str = "<bin>") -> LoadedWeights:
    """As `load`, from bytes in memory."""
    reader = _Reader(data, path)
    tensors, sizes = [], []
    for op in ops:
        before = reader.offset
        tensors.append({weight.name: reader.tensor(op, weight) for weight in op.kind.weights(op.params)})
        sizes.append(reader.offset - before)
    if reader.offset != len(data):
        raise WeightsError(
            f"the file has {len(data):,} bytes and the layers of the .param use {reader.offset:,}: "
            f"{len(data) - reader.offset:,} are left over. This .bin belongs to another .param.",
            path,
        )
    return LoadedWeights(tuple(tensors), tuple(sizes))


class _Reader:
    """A position in the bytes of a `.bin`, and the tensors taken from there on."""

    def __init__(self, data: npt.NDArray[np.uint8], path: str) -> None:
        self._data, self._path = data, path
        self.offset = 0
        self._where = ""

    def tensor(self, op: Operator, weight: Weight) -> FloatArray:
        """The next tensor, checked for NaN and infinity."""
        self._where = f"{op.layer}, {weight.name} of {'x'.join(map(str, weight.shape))}"
        values = self._tagged(op, weight.count) if weight.tagged else self._floats(weight.count)
        if not np.isfinite(values).all():
            index = int(np.flatnonzero(~np.isfinite(values))[0])
            raise WeightsError(
                f"{self._where}: element {index:,} is {values[index]}. Expected finite numbers; export the model again.",
                self._path,
            )
        return values.reshape(weight.shape)

    def _tagged(self, op: Operator, count: int) -> FloatArray:
        tag = int(self._take(4, "its storage tag").view("<u4")[0])
        if tag == _TAG_FP16:
            return self._padded(2 * count, f"{count:,} x fp16").view("<f2").astype(np.float32)
        if tag == _TAG_INT8:
            if not any(op.params.has(term) and op.params.integer(term) for term in _INT8_TERMS):
                raise WeightsError(
                    f"{self._where}: is stored as int8, and the layer has no int8_scale_term (8=). The engine would read it as "
                    "fp32 and crash. This .bin belongs to another .param.",
                    self._path,
                )
            return self._padded(count, f"{count:,} x int8").view(np.int8).astype(np.float32)
        if tag in {0, _TAG_FP32}:
            return self._floats(count)
        table = self._take(4 * _TABLE_ENTRIES, f"a table of {_TABLE_ENTRIES} fp32 (tag 0x{tag:08x})").view("<f4")
        return table[self._padded(count, f"{count:,} x 8-bit index")].astype(np.float32)

    def _floats(self, count: int) -> FloatArray:
        return self._take(4 * count, f"{count:,} x fp32").view("<f4").astype(np.float32)

    def _padded(self, size: int, what: str) -> npt.NDArray[np.uint8]:
        return self._take((size + 3) // 4 * 4, what)[:size]

    def _take(self, size: int, what: str) -> npt.NDArray[np.uint8]:
        left = len(self._data) - self.offset
        if size > left:
            raise WeightsError(
                f"{self._where}: wants {size:,} bytes ({what}) at offset {self.offset:,}, found {left:,}. "
                "The file was cut short, or belongs to another .param.",
                self._path,
            )
        taken = self._data[self.offset : self.offset + size]
        self.offset += size
        return np.ascontiguousarray(taken)
