"""What the layers share that compute each element by itself: the bend of ELUs, a straight line, C++'s larger and smaller.

Functions give a fresh blob in the memory order of their input, which they leave as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from maskctl.layers.base import Arrays, Param, Params, Weights, floats_in
from maskctl.numeric.formats import FloatArray, Operand
from maskctl.numeric.late import np

Function: TypeAlias = Callable[[Params, FloatArray], FloatArray]
Forward: TypeAlias = Callable[[Params, Weights, Arrays], Arrays]
Curve: TypeAlias = Callable[[FloatArray], FloatArray]

SCALE_AND_SHIFT = (Param(1, "scale", 1.0, "factor of x"), Param(2, "shift", 0.0, "added to scale * x"))
"""The parameters of the straight line that Exp, Log and Power put before their function."""


def on_floats(function: Function) -> Forward:
    """The `forward` of a layer with one bottom whose top is that function of its floats."""

    def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
        with np.errstate(all="ignore"):
            return (function(params, floats_in(inputs[0])),)

    return forward


def in_fours(values: FloatArray, vector: Curve, one_by_one: Curve, *, packed: bool | None = None) -> FloatArray:
    """A blob (n, …) by the function of vectors, and by the other what vectors leave over: the last `size mod 4` of a channel.

    Blobs of rank 1 and 2 are one channel. Where four channels lie side by side, nothing is left over; the engine lays them
    so where their number is a multiple of 4, unless told otherwise.
    """
    found, plane = vector(values), values.shape[2:] if values.ndim > 3 else values.shape[1:]
    size = math.prod(plane)
    if size % 4 and not (values.shape[1] % 4 == 0 if packed is None else packed):
        rest = (..., np.arange(size).reshape(plane) >= size // 4 * 4)
        found[rest] = one_by_one(values[rest])
    return found


def bent(values: FloatArray, rate: np.float32, below: np.float32, above: np.float32) -> FloatArray:
    """`above` * x where x is positive, `below` * (exp(x / rate) - 1) where it is negative, and NaN where it is NaN.

    The part that does not apply is 0 and is added: cheaper than a choice.
    """
    out: FloatArray = np.minimum(values, np.float32(0))
    if rate != 1:
        out /= rate
    np.exp(out, out=out)
    out -= np.float32(1)
    out *= below
    positive = np.maximum(values, np.float32(0))
    if above != 1:
        positive *= above
    out += positive
    return out


def scaled_and_shifted(params: Params, values: FloatArray) -> FloatArray:
    """shift + scale * x, a fresh array."""
    out: FloatArray = values * np.float32(params.real("scale"))
    out += np.float32(params.real("shift"))
    return out


def larger(left: Operand, right: Operand) -> FloatArray:
    """C++'s `std::max`: the first where either is NaN."""
    return np.where(np.less(left, right), right, left)


def smaller(left: Operand, right: Operand) -> FloatArray:
    """C++'s `std::min`: the first where either is NaN."""
    return np.where(np.less(right, left), right, left)
