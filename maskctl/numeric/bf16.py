"""bf16 as the engine rounds to it, and the sums of its fp32 kernels over bf16 operands.

The product of two bf16 values has 16 significant bits and is exact in float32, so that a fused multiply-add of fp32 lanes
is a float32 product and a float32 sum.

Where the CPU has the BF16 instructions, `bfdot` and `bfmmla` add pairs of products: the pair first, then the pair to the
accumulator, each sum rounded to odd (cut off, and the last bit set where anything was lost). They take and give no
subnormals.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray

_SMALLEST_NORMAL = np.float32(2.0**-126)
_NEVER_SUBNORMAL = 2.0**-100
_TILE_ELEMENTS = 65536


away = casts.one_by_one_to_bf16
"""To nearest, ties away from zero: how the engine stores, where it does not use the instruction for it."""


def chain(start: FloatArray, weights: FloatArray, columns: FloatArray) -> FloatArray:
    """One float32 accumulator for each (row, column), summed in the order of `k`.

    `weights` is (m, k) and `columns` (k, n), both of bf16 values; `start` broadcasts to (m, n).
    """
    total = np.array(np.broadcast_to(start, (weights.shape[0], columns.shape[1])), np.float32)
    product = np.empty_like(total)
    with np.errstate(all="ignore"):
        for step in range(len(columns)):
            np.multiply(weights[:, step, None], columns[step], out=product)
            total += product
    return total


def chain_in_fours(start: FloatArray, weights: FloatArray, columns: FloatArray, width: int = 1) -> FloatArray:
    """As `chain` where the compiler made vectors of a scalar loop, each turn of which adds `width` terms.

    Four accumulators from 0 take turns, and are joined and added to `start`; turns left over from fours follow.
    """
    fours = len(columns) // (4 * width) * 4 * width
    if not fours:
        return chain(start, weights, columns)
    zero = np.zeros((len(weights), 1), np.float32)
    lane_of = np.arange(fours) // width % 4
    lanes = [chain(zero, weights[:, :fours][:, lane_of == lane], columns[:fours][lane_of == lane]) for lane in range(4)]
    with np.errstate(all="ignore"):
        total = start + ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
    return chain(total, weights[:, fours:], columns[fours:])


def pair_chain(start: FloatArray, weights: FloatArray, columns: FloatArray) -> FloatArray:
    """As `chain` with the BF16 instructions: `k` is even, and its steps come in pairs."""
    height, width = weights.shape[0], columns.shape[1]
    begun = np.broadcast_to(start, (height, width))
    out = np.empty((height, width), np.float32)
    rows = max(1, min(height, _TILE_ELEMENTS // max(1, width)))
    flush = may_be_subnormal(weights, columns)
    with np.errstate(all="ignore"):
        for top in range(0, height, rows):
            part = slice(top, top + rows)
            total = np.array(begun[part], np.float32)
            for step in range(0, len(columns), 2):
                first = _flushed(weights[part, step, None] * columns[step], flush=flush)
                second = _flushed(weights[part, step + 1, None] * columns[step + 1], flush=flush)
                total = add_to_odd(total, add_to_odd(first, second, flush=flush), flush=flush)
            out[part] = total
    return out


def add_to_odd(left: FloatArray, right: FloatArray, *, flush: bool = True) -> FloatArray:
    """left + right rounded to odd; with `flush`, subnormal results become zeros.

    >>> add_to_odd(np.float32([1, 1]), np.float32([2**-40, -(2**-40)])).view(np.uint32) - np.uint32(0x3F800000)
    array([         1, 4294967295], dtype=uint32)
    """
    total: FloatArray = np.asarray(left + right)
    share = total - left
    lost = (left - (total - share)) + (right - share)  # exactly what rounding to nearest has dropped
    bits: npt.NDArray[np.int32] = total.view(np.int32)
    inexact = (lost > 0) | (lost < 0)
    beyond = inexact & (np.signbit(lost) != np.signbit(total))
    odd = ((bits - beyond) | inexact).view(np.float32)
    return _flushed(odd, flush=flush)


def _flushed(values: FloatArray, *, flush: bool) -> FloatArray:
    return np.where(np.abs(values) < _SMALLEST_NORMAL, np.copysign(np.float32(0), values), values) if flush else values


def may_be_subnormal(weights: FloatArray, columns: FloatArray) -> bool:
    """True unless every product is so large that no sum of products can come out subnormal."""
    with np.errstate(all="ignore"):
        smallest = [float(np.min(np.abs(values), where=values != 0, initial=np.inf)) for values in (weights, columns)]
    return smallest[0] * smallest[1] < _NEVER_SUBNORMAL
