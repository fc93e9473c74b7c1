"""What element-wise kernels share: which arithmetic a layer runs in, and which elements are computed one by one.

Element-wise code walks through each channel as it lies in memory, in vectors of 16, 8 or 4 elements; what is left over goes
through scalar code, which calls the C library. Channels that are packed in fours or eights leave nothing over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Array, floats_in
from maskctl.numeric.formats import FloatArray, round_to
from maskctl.numeric.lanes import HALF, SINGLE, Lanes

Function: TypeAlias = Callable[..., FloatArray]
Part: TypeAlias = tuple[int, Function]
"""A function for full blocks of so many elements of what the parts before it left over."""

LAST_THREE = 3
"""The width of a part that scalar code computes in one go, unrolled by the compiler."""

_CODES = 1 << 16


def _to_bf16(values: FloatArray) -> FloatArray:
    """The store of bf16 kernels: half of the last place added to the bits and cut off, those of a NaN too.

    A NaN of all ones becomes 0 by that.
    """
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    with np.errstate(over="ignore"):
        return ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)


@dataclass(frozen=True)
class Mode:
    """The arithmetic of a layer and the format of its blobs; `store` rounds to it."""

    lanes: Lanes
    stored: str

    def store(self, values: FloatArray) -> FloatArray:
        """Results as the kernel stores them."""
        return _to_bf16(values) if self.stored == "bf16" else round_to(values, "fp16")

    def kept(self, value: float | np.float32) -> np.float32:
        """A number as the layer keeps it: rounded to fp16, maybe to infinity, where it computes in fp16."""
        with np.errstate(over="ignore"):
            return self.lanes.constant(value)


FP16SA, FP16S, BF16S = Mode(HALF, "fp16"), Mode(SINGLE, "fp16"), Mode(SINGLE, "bf16")


def mode_of(options: Options) -> Mode:
    """The arithmetic of a layer type that follows bit 1."""
    if "use_fp16_storage" not in options:
        return BF16S
    return FP16SA if "use_fp16_arithmetic" in options else FP16S


def mode_regardless(options: Options) -> Mode:
    """The arithmetic of a layer type that computes in fp16 whatever bit 1 says."""
    return FP16SA if "use_fp16_storage" in options else BF16S


def by_parts(values: Array, options: Options, mode: Mode, *parts: Part, is_exact: bool = False) -> FloatArray:
    """Each channel of a blob (n, …) computed part by part and stored; blobs of rank 1 and 2 are one channel.

    `is_exact` says that results are values of the storage format already.
    """
    values = floats_in(values)
    pack = elempack(values.shape[1], options)
    stored = parts if is_exact else tuple((width, _stored(width, function, mode)) for width, function in parts)
    if pack % stored[0][0] == 0:
        return stored[0][1](values)
    return from_memory(falling((in_memory(values, pack),), stored), values.shape, pack)


def _stored(width: int, function: Function, mode: Mode) -> Function:
    """The function with its results stored; the last three of a channel may not be alike, so none is looked up."""

    def computed(values: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            return mode.store(function(values))

    return computed if width == LAST_THREE else lambda values: by_code(computed, values, mode)


def by_code(function: Function, values: FloatArray, mode: Mode) -> FloatArray:
    """A function of each element; for large blobs, of every value there is in 16 bits, and then looked up."""
    if values.size <= 2 * _CODES:
        return function(values)
    every = np.arange(_CODES, dtype=np.uint16)
    if mode.stored == "fp16":
        return function(every.view(np.float16).astype(np.float32))[values.astype(np.float16).view(np.uint16)]
    table = function((every.astype(np.uint32) << 16).view(np.float32))
    found: FloatArray = table[np.ascontiguousarray(values).view(np.uint32) >> 16]
    return found


def in_memory(values: FloatArray, pack: int) -> FloatArray:
    """A blob (n, …) as (n, channels, elements) in the order of memory, `pack` outermost indices side by side."""
    n, outer, channels = len(values), values.shape[1], values.shape[1] // pack if values.ndim > 3 else 1
    return values.reshape(n, outer // pack, pack, -1).swapaxes(2, 3).reshape(n, channels, -1)


def from_memory(rows: FloatArray, shape: tuple[int, ...], pack: int) -> FloatArray:
    """The blob that `in_memory` laid out."""
    return rows.reshape(shape[0], shape[1] // pack, -1, pack).swapaxes(2, 3).reshape(shape)


def falling(rows: tuple[FloatArray, ...], parts: tuple[Part, ...]) -> FloatArray:
    """A function of rows: the last axis in full blocks of the first part, the rest in blocks of the next, and so on."""
    begin, size, found = 0, rows[0].shape[-1], []
    for width, function in parts:
        end = begin + (size - begin) // width * width
        if end > begin:
            found.append(function(*(row[..., begin:end] for row in rows)))
        begin = end
    return np.concatenate(found, axis=-1)


def by_outermost(
    values: FloatArray, options: Options, mode: Mode, vector: Function, one_by_one: Function
) -> FloatArray:
    """A blob (n, …) as rows (n, outermost, elements), each computed and stored with numbers of its own.

    Where nothing is packed, the last elements of a row are computed one by one, and so is every element of rank 1.
    """
    rows = values.reshape(*values.shape[:2], -1)
    with np.errstate(all="ignore"):
        packed = elempack(values.shape[1], options) > 1
        found = vector(rows) if packed else falling((rows,), ((4, vector), (1, one_by_one)))
    return mode.store(found).reshape(values.shape)
