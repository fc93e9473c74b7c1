"""Eltwise: the product, the sum (with a factor for each) or the maximum of two or more blobs of one shape.

A maximum is NaN where any input is, as in arm64's vector code; what that leaves over drops NaN, and x86 keeps that of one
operand alone. Nothing is repeated for a blob that is smaller: the engine would read past its end. Source: ncnn
`src/layer/eltwise.cpp`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Protocol

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Param, Params, Shape, Weights, floats_in
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PRODUCT, SUM, MAXIMUM = range(3)


class Function(Protocol):
    """What makes one blob of two."""

    def __call__(self, left: FloatArray, right: FloatArray, /, out: FloatArray | None = None) -> FloatArray:
        """The joined blob, in `out` where one is given."""


PARAMS = (
    Param(0, "op_type", PRODUCT, "0 product, 1 sum, 2 maximum"),
    Param(1, "coeffs", (), "one factor per input, for sums; none: all 1"),
)


def _check(params: Params, inputs: int) -> None:
    """Raises `GraphError` for what the engine refuses, and for fewer factors or inputs than it reads."""
    number, factors = params.integer("op_type"), len(params.array("coeffs"))
    if number not in {PRODUCT, SUM, MAXIMUM}:
        raise GraphError(f"op_type is {number}. Expected 0 (product), 1 (sum) or 2 (maximum).")
    if inputs < 2:
        raise GraphError(f"there are {inputs} inputs. Expected 2 or more.")
    if number == SUM and 0 < factors < inputs:
        raise GraphError(
            f"there are {factors} coeffs for {inputs} inputs. Expected one per input, or none. "
            "The engine would read past their end."
        )


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shape of all bottoms."""
    _check(params, len(inputs))
    for first, second in pairwise(inputs):
        if first != second:
            raise ExecutionError(f"inputs of shapes {first} and {second}. Expected equal shapes.")
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """From the first input to the last, in fp32."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    number = params.integer("op_type")
    blobs = [floats_in(values) for values in inputs]
    with np.errstate(all="ignore"):
        if number == SUM and params.array("coeffs"):
            return (_weighted(blobs, [np.float32(factor) for factor in params.array("coeffs")]),)
        function = _function(number)
        out = function(blobs[0], blobs[1])
        for values in blobs[2:]:
            out = function(out, values, out=out)
    return (out,)


def _function(number: int) -> Function:
    found: Function = {PRODUCT: np.multiply, SUM: np.add, MAXIMUM: np.maximum}[number]
    return found


def _weighted(blobs: list[FloatArray], factors: list[np.float32]) -> FloatArray:
    out: FloatArray = blobs[0] * factors[0]
    for values, factor in zip(blobs[1:], factors[1:], strict=False):
        out += values * factor
    return out


LAYER = LayerType("Eltwise", ONE_OR_MORE, forward, PARAMS, shapes=shapes)
