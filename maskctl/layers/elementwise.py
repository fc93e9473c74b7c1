"""What the layers share that compute each element by itself: what they read, and the bend at 0 of the ELU family.

They give a fresh blob in the memory order of their input, which they leave as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from maskctl.errors import ExecutionError
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray

Function: TypeAlias = Callable[[Params, FloatArray], FloatArray]
Forward: TypeAlias = Callable[[Params, Weights, Arrays], Arrays]


def floats(values: Array) -> FloatArray:
    """A blob's elements as the floats the engine reads there; 32-bit integers are taken by their bits.

    Raises `ExecutionError` for int8, of which the engine would read four elements as one.
    """
    if values.dtype == np.float32:
        return values
    if values.dtype == np.int32:
        return np.ascontiguousarray(values).view(np.float32)
    raise ExecutionError(
        "the input holds int8 codes, and the layer computes with floats. Put a Dequantize layer before it, "
        "or take the layer before out of int8."
    )


def on_floats(function: Function) -> Forward:
    """The `forward` of a layer with one bottom whose top is that function of its floats."""

    def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
        with np.errstate(all="ignore"):
            return (function(params, floats(inputs[0])),)

    return forward


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
