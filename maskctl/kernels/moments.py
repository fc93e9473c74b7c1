"""Sums over values as they lie in memory, in the order in which the engine's normalising layers form them.

fp16 code goes through memory by eights and keeps two vectors of four sums, bf16 code goes by fours and keeps one. What is
left over from fours is summed by itself. The compiler leaves most products and sums of vectors two operations, and makes
one of them in scalar code. Source: ncnn `src/layer/arm/layernorm_arm_asimdhp.cpp` and its like, and the released arm64
build.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.kernels.packing import Options, elempack
from maskctl.layers.families.normalization import inverse_root
from maskctl.numeric import casts, estimates, fma32, lanes
from maskctl.numeric.formats import FloatArray, Operand, round_to

Flags: TypeAlias = npt.NDArray[np.bool_]


def chain_of_squares(terms: FloatArray) -> FloatArray:
    """The squares along axis 0 added up one by one, begun at 0, each product rounded before it is added."""
    with np.errstate(all="ignore"):
        return chain_of_sums(terms * terms)


def chain_of_fused_squares(terms: FloatArray, start: Operand = 0) -> FloatArray:
    """As `chain_of_squares`, begun at `start`, each product and its sum one fused operation."""
    total: FloatArray = np.full(terms.shape[1:], start, np.float32)
    wide = np.empty(terms.shape[1:], np.float64)
    with np.errstate(all="ignore"):
        for square in np.square(terms.astype(np.float64)):
            np.add(total, square, out=wide)
            total[...] = wide
    return total


def chain_of_sums(terms: FloatArray) -> FloatArray:
    """The terms along axis 0 added up one by one, begun at 0."""
    if not len(terms):
        return np.zeros(terms.shape[1:], np.float32)
    with np.errstate(all="ignore"):
        total: FloatArray = np.add.accumulate(terms, 0, np.float32)[-1] + np.float32(0)
    return total


@dataclass(frozen=True)
class Chain:
    """How terms along axis 0 are added one by one: in vectors, and those left over."""

    vectors: Callable[[FloatArray], FloatArray]
    rest: Callable[[FloatArray], FloatArray]


SUM = Chain(chain_of_sums, chain_of_sums)
SQUARES = Chain(chain_of_squares, chain_of_fused_squares)
FUSED_SQUARES = Chain(chain_of_fused_squares, chain_of_fused_squares)


def by_fours(memory: FloatArray, chain: Chain, *, in_eights: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The two vectors of sums and the sum of what was left over of (rows, runs, elements): (rows, 4) twice, (rows,).

    Each row is summed through all its runs, each of which ends with what it leaves over.
    """
    rows, runs, elements = memory.shape
    fours, eights = elements // 4 * 4, elements // 8 * 8 if in_eights else 0
    pairs = memory[:, :, :eights].reshape(rows, runs, -1, 2, 4)
    single = memory[:, :, eights:fours].reshape(rows, runs, -1, 4)
    first = np.concatenate([pairs[:, :, :, 0], single], axis=2)
    low, high = (
        chain.vectors(np.ascontiguousarray(each.reshape(rows, -1, 4).swapaxes(0, 1)))
        for each in (first, pairs[:, :, :, 1])
    )
    return low, high, chain.rest(np.ascontiguousarray(memory[:, :, fours:].reshape(rows, -1).T))


def whole(memory: FloatArray, chain: Chain, *, in_eights: bool) -> FloatArray:
    """One sum per row of `memory` (rows, runs, elements): (rows,)."""
    low, high, rest = by_fours(memory, chain, in_eights=in_eights)
    with np.errstate(all="ignore"):
        return rest + across(low + high)


def across(vectors: FloatArray) -> FloatArray:
    """The sum of four lanes, (rows, 4): of neighbours first."""
    return (vectors[:, 0] + vectors[:, 1]) + (vectors[:, 2] + vectors[:, 3])


def stored(values: FloatArray, options: Options) -> FloatArray:
    """Rounded to the blob's format: vectors and scalars alike."""
    return round_to(values, "fp16") if "use_fp16_storage" in options else casts.one_by_one_to_bf16(values)


class Rows:
    """A 16-bit blob (n, …) as rows that are normalised each by itself: the innermost `axes`, lanes side by side.

    `memory` is (rows, count * pack), as the engine sees it. Numbers per row are (rows, pack).
    """

    def __init__(self, values: FloatArray, axes: int, options: Options) -> None:
        """Arranges the blob; a vector is one row."""
        self._options = options
        if values.ndim == 2:
            self.pack = 1
            shape: tuple[int, ...] = (len(values), 1, values.shape[1])
        else:
            self.pack, shape = elempack(values.shape[1], options), values.shape
        n, channels, *inner = shape
        self.count = math.prod(inner[len(inner) - axes :])
        packed = np.moveaxis(values.reshape(n, channels // self.pack, self.pack, *inner), 2, -1)
        self._shape, self._packed = values.shape, packed.shape
        self.memory = np.ascontiguousarray(packed).reshape(-1, self.count * self.pack)

    def sums(self, memory: FloatArray, chain: Chain) -> FloatArray:
        """The sums of each row, lane by lane."""
        in_eights = "use_fp16_storage" in self._options
        if self.pack == 1:
            return whole(memory[:, None], chain, in_eights=in_eights)[:, None]
        low, high, _ = by_fours(memory[:, None], chain, in_eights=in_eights)
        with np.errstate(all="ignore"):
            return np.concatenate([low, high], axis=1) if self.pack == 8 else low + high

    def mean(self, sums: FloatArray, *, by_reciprocal: bool) -> FloatArray:
        """Sums over the count, or multiplied by its reciprocal."""
        count = np.float32(self.count)
        return sums * (np.float32(1) / count) if by_reciprocal else sums / count

    def inverse_root(self, squares: FloatArray, eps: float, *, by_reciprocal: bool) -> FloatArray:
        """1 / sqrt(squares / count + eps); of packed lanes by an estimate and two steps."""
        count, added = np.float32(self.count), np.float32(eps)
        varied = fma32.fma(added, squares, np.float32(1) / count) if by_reciprocal else squares / count + added
        return estimates.reciprocal_root(lanes.SINGLE, varied, 2) if self.pack > 1 else inverse_root(varied, 0)

    def spread(self, numbers: FloatArray) -> FloatArray:
        """Numbers per row and lane for each element."""
        return np.tile(numbers, (1, self.count))

    def by_element(self, weight: FloatArray) -> FloatArray:
        """A weight per element of a row, for each lane."""
        return np.repeat(weight[: self.count], self.pack)

    @property
    def is_rest(self) -> Flags:
        """Which elements of a row are left over from fours."""
        elements = self.count * self.pack
        return np.arange(elements) >= elements // 4 * 4

    @property
    def is_lone_four(self) -> Flags:
        """Which elements of a row make a four behind the last eight."""
        elements = self.count * self.pack
        return (np.arange(elements) >= elements // 8 * 8) & ~self.is_rest

    def blob(self, memory: FloatArray) -> FloatArray:
        """The blob of such rows, rounded to its storage format."""
        rounded = stored(memory, self._options).reshape(self._packed)
        return np.moveaxis(rounded, -1, 2).reshape(self._shape)
