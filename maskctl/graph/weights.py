"""Weights out of a `.bin`: every storage tag, every offset checked, the file used up exactly.

The file is mapped, not read: fp32 tensors are views of it, and tensors stored in fewer bits are widened when they are
first used. Source: ncnn `src/modelbin.cpp` (`ModelBinFromDataReader::load`). A tagged tensor begins with four bytes
that say how it is stored; anything shorter than a multiple of four bytes is padded to one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeAlias

from maskctl.errors import InputError, WeightsError
from maskctl.graph.operators import Operator
from maskctl.graph.random_weights import random_tensors
from maskctl.layers import Weight
from maskctl.layers.base import Weights
from maskctl.layers.families.int8 import are_codes
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np, npt

_TAG_FP16 = 0x01306B47
_TAG_INT8 = 0x000D4B38
_TAG_FP32 = 0x0002C056
_TABLE_ENTRIES = 256
_INT8_TERMS = ("int8_scale_term", "quantize_term")
_CHECKED_AT_ONCE = 1 << 20
_NOT_ITS_PARAM = "belongs to another .param, or a layer's type or parameters were changed"

_Bytes: TypeAlias = "npt.NDArray[np.uint8]"
_Widen = Callable[[], FloatArray]


class LayerWeights(Mapping[str, FloatArray]):
    """The weights of one layer by name, as float32; what is not stored so is widened when first asked for, and kept."""

    def __init__(self, sources: Mapping[str, _Widen]) -> None:
        self._sources = dict(sources)
        self._found: dict[str, FloatArray] = {}
        self._prepared: Weights | None = None

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self._found:
            self._found[name] = self._sources[name]()
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def prepared(self, op: Operator) -> Weights:
        """The weights as the layer's fp32 definition wants them laid out; laid out once, and kept.

        What was widened for that alone is let go; it is widened again should somebody ask for it.
        """
        if self._prepared is None:
            self._prepared = op.kind.prepare(op.params, self)
            if self._prepared is not self:
                self._found = {}
        return self._prepared


@dataclass(frozen=True)
class LoadedWeights:
    """The weights of each layer by name, and how many bytes of the `.bin` each layer takes.

    `origin` is what they can be had from again: a path, or "random:SEED"; "" for weights that are nowhere else.
    """

    tensors: tuple[LayerWeights, ...]
    bytes_on_disk: tuple[int, ...]
    origin: str = ""


def in_memory(tensors: Sequence[Mapping[str, FloatArray]]) -> LoadedWeights:
    """The weights of each layer from arrays."""
    layers = tuple(
        LayerWeights({name: partial(_itself, values) for name, values in layer.items()}) for layer in tensors
    )
    return LoadedWeights(layers, (0,) * len(layers))


def _itself(values: FloatArray) -> FloatArray:
    return values


def made_up(ops: tuple[Operator, ...], seed: int) -> LoadedWeights:
    """Random weights of a sane scale, the same for the same seed; those of a layer are made when it is first run."""
    wanted = [op.kind.weights(op.params) for op in ops]
    tensors = (_made_up_layer(op, weights, seed) for op, weights in zip(ops, wanted, strict=True))
    return LoadedWeights(tuple(tensors), tuple(sum(map(_stored_bytes, weights)) for weights in wanted))


def _made_up_layer(op: Operator, wanted: tuple[Weight, ...], seed: int) -> LayerWeights:
    made: dict[str, FloatArray] = {}

    def take(name: str) -> FloatArray:
        if name not in made:
            made.update((weight.name, values) for weight, values in random_tensors(op, seed))
        return made.pop(name)

    return LayerWeights({weight.name: partial(take, weight.name) for weight in wanted})


def write_random(path: str | Path, ops: tuple[Operator, ...], seed: int) -> None:
    """Writes the weights of `made_up` as a `.bin` that `load` and the engine read; raises `OSError`."""
    with open(path, "wb") as file:
        write_random_to(file, ops, seed)


def write_random_to(file: BinaryIO, ops: tuple[Operator, ...], seed: int) -> None:
    """As `write_random`, into an open file."""
    for op in ops:
        file.writelines(_encoded(weight, values) for weight, values in random_tensors(op, seed))


def write_to(file: BinaryIO, ops: tuple[Operator, ...], tensors: Sequence[Weights]) -> None:
    """Writes the weights of each layer, by name, as a `.bin` that `load` and the engine read.

    Floats are stored as fp32 without rounding, whatever they were stored as before, and codes of int8 layers as int8.
    """
    for op, weights in zip(ops, tensors, strict=True):
        file.writelines(_encoded(weight, weights[weight.name]) for weight in op.kind.weights(op.params))


def _stored_bytes(weight: Weight) -> int:
    """Bytes of a made-up tensor in a `.bin`, its tag included."""
    size = (weight.count + 3) // 4 * 4 if weight.role in {"int8", "bytes"} else 4 * weight.count
    return size + 4 * (weight.tagged or weight.role == "int8")


def _encoded(weight: Weight, values: FloatArray) -> bytes:
    if weight.role == "bytes":
        return values.astype(np.int8).tobytes() + bytes(-weight.count % 4)
    if weight.role == "int8" and are_codes(values) and values.max(initial=0) < 128:
        return struct.pack("<I", _TAG_INT8) + values.astype(np.int8).tobytes() + bytes(-weight.count % 4)
    return (bytes(4) if weight.tagged else b"") + values.astype("<f4").tobytes()


def load(path: str | Path, ops: tuple[Operator, ...], *, require_finite: bool = True) -> LoadedWeights:
    """Maps the weights of all layers in file order.

    Raises `InputError` when the file cannot be read, `WeightsError` when it is too short or too long or, unless
    `require_finite` is False, holds NaN or infinity.
    """
    try:
        empty = Path(path).stat().st_size == 0
        data: _Bytes = np.zeros(0, np.uint8) if empty else np.memmap(path, np.uint8, "r")
    except OSError as error:
        raise InputError(f"cannot read the weights: {error.strerror}. Give the .bin with --bin.", str(path)) from None
    return read(np.asarray(data), ops, str(path), require_finite=require_finite)


def read(data: _Bytes, ops: tuple[Operator, ...], path: str = "<bin>", *, require_finite: bool = True) -> LoadedWeights:
    """As `load`, from bytes in memory."""
    reader = _Reader(data, path, require_finite=require_finite)
    tensors, sizes = [], []
    for op in ops:
        before = reader.offset
        wanted = op.kind.weights(op.params)
        tensors.append(LayerWeights({weight.name: reader.tensor(op, weight) for weight in wanted}))
        sizes.append(reader.offset - before)
    if reader.offset != len(data):
        raise WeightsError(
            f"the file has {len(data):,} bytes and the layers of the .param use {reader.offset:,}: "
            f"{len(data) - reader.offset:,} are left over. "
            + (
                f"This .bin {_NOT_ITS_PARAM}, or layers of unknown types have weights: add them with --plugin."
                if any(op.is_unknown for op in ops)
                else f"This .bin {_NOT_ITS_PARAM}."
            ),
            path,
        )
    return LoadedWeights(tuple(tensors), tuple(sizes))


class _Reader:
    """A position in the bytes of a `.bin`, and the tensors taken from there on."""

    def __init__(self, data: _Bytes, path: str, *, require_finite: bool) -> None:
        self._data, self._path, self._require_finite = data, path, require_finite
        self.offset = 0
        self._where = ""

    def tensor(self, op: Operator, weight: Weight) -> _Widen:
        """The next tensor, checked for NaN and infinity."""
        self._where = f"{op.layer}, {weight.name} of {'x'.join(map(str, weight.shape))}"
        if weight.role == "bytes":
            widen = self._bytes(weight.count)
        else:
            widen = self._tagged(op, weight.count) if weight.tagged else self._floats(weight.count)
        return lambda: widen().reshape(weight.shape)

    def _tagged(self, op: Operator, count: int) -> _Widen:
        tag = int(self._take(4, "its storage tag").view("<u4")[0])
        if tag == _TAG_FP16:
            return self._checked_halves(self._padded(2 * count, f"{count:,} x fp16").view("<f2"))
        if tag == _TAG_INT8:
            if not any(op.params.has(term) and op.params.integer(term) for term in _INT8_TERMS):
                raise WeightsError(
                    f"{self._where}: is stored as int8, and the layer has no int8_scale_term (8=). The engine would read it as "
                    f"fp32 and crash. This .bin {_NOT_ITS_PARAM}.",
                    self._path,
                )
            codes = self._padded(count, f"{count:,} x int8").view(np.int8)
            return lambda: codes.astype(np.float32)
        if tag in {0, _TAG_FP32}:
            return self._floats(count)
        table = self._take(4 * _TABLE_ENTRIES, f"a table of {_TABLE_ENTRIES} fp32 (tag 0x{tag:08x})").view("<f4")
        indices = self._padded(count, f"{count:,} x 8-bit index")
        used = np.zeros(_TABLE_ENTRIES, np.bool_)
        used[indices] = True
        if self._require_finite and not np.isfinite(table[used]).all():
            self._refuse_non_finite(table[indices])
        return lambda: table[indices].astype(np.float32)

    def _bytes(self, count: int) -> _Widen:
        """Bytes as whole numbers. In files of versions up to July 2026 they have the tag of int8, later on none."""
        if self._data[self.offset : self.offset + 4].tobytes() == struct.pack("<I", _TAG_INT8):
            self._take(4, "its storage tag")
        codes = self._padded(count, f"{count:,} bytes").view(np.int8)
        return lambda: codes.astype(np.float32)

    def _floats(self, count: int) -> _Widen:
        values = self._take(4 * count, f"{count:,} x fp32").view("<f4")
        for start in self._checked(count):
            if not np.isfinite(values[start : start + _CHECKED_AT_ONCE]).all():
                self._refuse_non_finite(values)
        return lambda: values.astype(np.float32, copy=False)

    def _checked_halves(self, halves: npt.NDArray[np.float16]) -> _Widen:
        # The exponent of an infinity or NaN is all ones.
        codes = halves.view("<u2")
        for start in self._checked(len(codes)):
            if ((codes[start : start + _CHECKED_AT_ONCE] & 0x7C00) == 0x7C00).any():
                self._refuse_non_finite(halves.astype(np.float32))
        return lambda: halves.astype(np.float32)

    def _checked(self, count: int) -> range:
        """Where the parts begin in which that many elements are checked."""
        return range(0, count, _CHECKED_AT_ONCE) if self._require_finite else range(0)

    def _refuse_non_finite(self, values: FloatArray) -> None:
        index = int(np.flatnonzero(~np.isfinite(values))[0])
        raise WeightsError(
            f"{self._where}: element {index:,} is {values[index]}. Expected finite numbers; export the model again.",
            self._path,
        )

    def _padded(self, size: int, what: str) -> _Bytes:
        return self._take((size + 3) // 4 * 4, what)[:size]

    def _take(self, size: int, what: str) -> _Bytes:
        left = len(self._data) - self.offset
        if size > left:
            raise WeightsError(
                f"{self._where}: wants {size:,} bytes ({what}) at offset {self.offset:,}, found {left:,}. "
                f"The file was cut short, {_NOT_ITS_PARAM}.",
                self._path,
            )
        taken = self._data[self.offset : self.offset + size]
        self.offset += size
        return taken
