"""BinaryOp in fp16, whatever bit 1 says, and in bf16.

Source: ncnn `src/layer/arm/binaryop_arm.cpp`, `binaryop_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np

from maskctl.kernels.elementwise import BF16S, LAST_THREE, Mode, Part, falling, from_memory, in_memory, mode_regardless
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import binaryop
from maskctl.layers.base import Arrays, Params, Shape, Weights, floats_in
from maskctl.layers.binaryop import NAMES, remainder
from maskctl.layers.families.broadcasting import aligned
from maskctl.numeric import cephes, libm, math16
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.lanes import HALF, SINGLE

Function: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]


def _rest_of(whole: Callable[[FloatArray], FloatArray], divide: Function = np.divide) -> Function:
    """left - whole(left / right) * right, fused: far from exact where the quotient is large, NaN where it is infinite."""
    return lambda left, right: SINGLE.fma(left, -whole(divide(left, right)), right)


def _floor_divide(left: FloatArray, right: FloatArray) -> FloatArray:
    found: FloatArray = np.floor(left / right)
    return found


def _log_of_sum(left: FloatArray, right: FloatArray) -> FloatArray:
    return cephes.log_of_sum_of_exps(SINGLE, math16.maximum(left, right), math16.minimum(left, right))


def _log_of_sum_one_by_one(left: FloatArray, right: FloatArray) -> FloatArray:
    is_less = left < right
    larger, smaller = np.where(is_less, right, left), np.where(is_less, left, right)
    return larger + libm.log1p(libm.exp(smaller - larger))


def _log_of_sum_last_three(left: FloatArray, right: FloatArray) -> FloatArray:
    """As one by one; where the last right one is NaN, the left one counts twice."""
    replaced = np.array(np.broadcast_to(right, left.shape))
    replaced[..., -1] = np.where(np.isnan(replaced[..., -1]), left[..., -1], replaced[..., -1])
    return _log_of_sum_one_by_one(left, replaced)


def _smaller_number(left: FloatArray, right: FloatArray) -> FloatArray:
    return np.negative(math16.maximum_number(np.negative(left), np.negative(right)))


VECTORS: Mapping[str, Function] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": math16.maximum,
    "min": math16.minimum,
    "pow": lambda left, right: cephes.power(SINGLE, left, right),
    "atan2": libm.atan2,
    "fmod": _rest_of(np.trunc),
    "logaddexp": _log_of_sum,
    "floor_divide": _floor_divide,
    "remainder": _rest_of(np.rint),
}
"""What full vectors go through, in fp32 where one rounding at the end is not the same."""

REST: Mapping[str, Function] = {
    **VECTORS,
    "max": math16.maximum_number,
    "min": _smaller_number,
    "pow": libm.power,
    "fmod": libm.fmod,
    "logaddexp": _log_of_sum_one_by_one,
    "remainder": remainder,
}
"""What is left over goes through one by one."""


def _times_half_reciprocal(left: FloatArray, right: FloatArray) -> FloatArray:
    return left * HALF.divide(np.float32(1), right)


def _times_reciprocal(left: FloatArray, right: FloatArray) -> FloatArray:
    return left * (np.float32(1) / right)


def _floor_times_reciprocal(left: FloatArray, right: FloatArray) -> FloatArray:
    return np.floor(_times_reciprocal(left, right))


BY_RECIPROCAL: Mapping[str, tuple[Function, Function]] = {
    "div": (_times_reciprocal, _times_reciprocal),
    "floor_divide": (_floor_times_reciprocal, _floor_times_reciprocal),
    "fmod": (_rest_of(np.trunc, _times_reciprocal), libm.fmod),
    "remainder": (_rest_of(np.rint, _times_reciprocal), remainder),
}
"""Vectors and the rest where bf16 code divides by something fixed."""


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The function of every pair of elements; a number in place of the second blob is cast to fp16, but not to bf16."""
    binaryop.shapes(params, tuple(values.shape[1:] for values in inputs))
    mode, left = mode_regardless(options), floats_in(inputs[0])
    if params.integer("with_scalar"):
        right = np.full((1,) * left.ndim, mode.kept(params.real("b")))
    else:
        left, right = aligned(left, floats_in(inputs[1]))
    name, operands = NAMES[params.integer("op_type")], (left, right)
    walk = _walk(left.shape[1:], right.shape[1:], options)
    if name == "logaddexp" and walk.is_swapped:
        operands = (right, left)
    if name not in VECTORS:  # an r in front takes the operands the other way round
        name, operands = name.removeprefix("r"), (right, left)
    with np.errstate(all="ignore"):
        return (mode.store(_computed(name, mode, operands, walk)),)


@dataclass(frozen=True)
class Walk:
    """How the kernel walks through two blobs: runs of so many elements, over so many inner axes, `pack` side by side.

    `is_swapped` is true where the kernel takes the second operand first.
    """

    run: int
    axes: int
    pack: int
    is_swapped: bool

    def repeats(self, operand: FloatArray, other: FloatArray) -> bool:
        """True where one element, or one pack, of the operand meets a whole run of the other."""
        have = prod(operand.shape[-self.axes :])
        return have == 1 and (prod(other.shape[-self.axes :]) > 1 or (prod(operand.shape[1:]) == 1 and self.pack > 1))


def _walk(left: Shape, right: Shape, options: Options) -> Walk:
    """Whole channels where the blobs allow it, else planes or rows; the operand packed less, or smaller, comes second."""
    rank, shape = len(left), tuple(map(max, left, right))
    ranks = [(elempack(extents[0], options), prod(extents)) for extents in (left, right)]
    is_swapped = ranks[0] < ranks[1]
    second = left if is_swapped else right
    if left == right or prod(second) == 1:
        axes = rank if rank < 3 else rank - 1
    elif rank > 2 and prod(second[1:]) == 1:
        axes = rank - 1
    else:
        axes = 2 if rank == 4 and prod(second[2:]) == 1 else 1
    pack = elempack(shape[0], options)
    return Walk(prod(shape[-axes:]) * (1 if axes == rank else pack), axes, pack, is_swapped)


def _computed(name: str, mode: Mode, operands: tuple[FloatArray, FloatArray], walk: Walk) -> FloatArray:
    """The function of that name, run by run."""
    parts = _parts(name, mode, is_divisor_fixed=walk.repeats(operands[1], operands[0]))
    if walk.run % parts[0][0] == 0:
        return parts[0][1](*operands)
    whole = np.broadcast_arrays(*operands)
    rows = tuple(in_memory(values, walk.pack).reshape(-1, walk.run) for values in whole)
    return from_memory(falling(rows, parts), whole[0].shape, walk.pack)


def _parts(name: str, mode: Mode, *, is_divisor_fixed: bool) -> tuple[Part, ...]:
    """Which code computes which elements of a run. The compiler divides by what is fixed with its reciprocal."""
    vector, rest = VECTORS[name], REST[name]
    if is_divisor_fixed and mode is BF16S:
        vector, rest = BY_RECIPROCAL.get(name, (vector, rest))
    elif is_divisor_fixed and name == "div":
        return (8, _times_half_reciprocal), (4, vector), (1, _times_half_reciprocal)
    elif is_divisor_fixed and name == "floor_divide":
        rest = BY_RECIPROCAL[name][1]
    if name == "logaddexp" and mode is not BF16S:
        return (4, vector), (LAST_THREE, _log_of_sum_last_three), (1, rest)
    return ((1, vector),) if vector is rest else ((4, vector), (1, rest))
