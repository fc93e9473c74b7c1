"""BinaryOp: one of 19 functions of two blobs, or of a blob and a number, element by element.

Blobs of different shapes are brought together by ncnn's rules, not numpy's: a vector runs along the outermost axis if its
extent fits there and else along the innermost, a blob of rank 2 or 3 along the outer ones, and extents of 1 are repeated.
`remainder` is that of C, with the quotient rounded to the nearest, not Python's `%`. Maximum and minimum are NaN
where either operand is, as in arm64's vector code; what that leaves over drops NaN, and x86 keeps that of one operand
alone. The engine's vector code is coarser than C in powers, divisions by 0, `fmod` and `remainder`. Source: ncnn
`src/layer/binaryop.cpp`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from maskctl.errors import GraphError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Param, Params, Shape, Weights, floats_in
from maskctl.layers.families.broadcasting import aligned, together
from maskctl.layers.power import powf
from maskctl.numeric.formats import FloatArray, Operand
from maskctl.numeric.late import np

Function: TypeAlias = Callable[[Operand, Operand], FloatArray]

NAMES = (
    *("add", "sub", "mul", "div", "max", "min", "pow", "rsub", "rdiv", "rpow", "atan2", "ratan2", "fmod", "rfmod"),
    *("logaddexp", "floor_divide", "rfloor_divide", "remainder", "rremainder"),
)
PARAMS = (
    Param(0, "op_type", 0, ", ".join(f"{number} {name}" for number, name in enumerate(NAMES))),
    Param(1, "with_scalar", 0, "not 0: the second operand is the number b"),
    Param(2, "b", 0.0, "the number"),
)


def _floor_divide(left: Operand, right: Operand) -> FloatArray:
    out: FloatArray = np.divide(left, right)
    return np.floor(out, out=out)


def remainder(left: Operand, right: Operand) -> FloatArray:
    """C's remainderf: left - n * right, exact, with n the whole number nearest to the quotient, even where two are.

    What is left of two divisors has the right parity; in double precision nothing below rounds.
    """
    divisor = np.abs(np.asarray(right, np.float64))
    rest = np.fmod(np.abs(np.asarray(left, np.float64)), divisor + divisor)
    half = divisor / 2
    above = rest > half
    np.subtract(rest, divisor, out=rest, where=above)
    above &= rest >= half
    np.subtract(rest, divisor, out=rest, where=above)
    found: FloatArray = np.where(np.signbit(left), -rest, rest).astype(np.float32)
    return found


@cache
def functions() -> dict[str, Function]:
    """The functions by name, those that take their operands the other way round left out."""
    return {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "max": np.maximum,
        "min": np.minimum,
        "pow": powf,
        "atan2": np.arctan2,
        "fmod": np.fmod,
        "logaddexp": np.logaddexp,
        "floor_divide": _floor_divide,
        "remainder": remainder,
    }


def name_of(params: Params) -> str:
    """The function's name; raises `GraphError` for a number without one."""
    number = params.integer("op_type")
    if not 0 <= number < len(NAMES):
        raise GraphError(f"op_type is {number}. Expected 0 to {len(NAMES) - 1}.")
    return NAMES[number]


def function_of(params: Params) -> Function:
    """The function; names with an r in front take their operands the other way round.

    Raises `GraphError` for a number without a function.
    """
    name, known = name_of(params), functions()
    if name in known:
        return known[name]
    function = known[name.removeprefix("r")]
    return lambda left, right: function(right, left)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shape of the bottom, or what the first two make together; the engine ignores more."""
    name_of(params)
    with_scalar = params.integer("with_scalar") != 0
    if with_scalar == (len(inputs) > 1):
        raise GraphError(
            f"with_scalar is {params.integer('with_scalar')}, and there are {len(inputs)} inputs. "
            "Expected one input with with_scalar=1 (1=1), two without."
        )
    return inputs if with_scalar else (together(*inputs[:2]),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The function of every pair of elements, in fp32."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    return (joined(params, inputs, function_of(params)),)


def joined(params: Params, inputs: Arrays, function: Function) -> FloatArray:
    """`function` of every pair of elements of the blobs, or of the blob and the number."""
    with np.errstate(all="ignore"):
        if params.integer("with_scalar"):
            return function(floats_in(inputs[0]), np.float32(params.real("b")))
        return function(*aligned(floats_in(inputs[0]), floats_in(inputs[1])))


LAYER = LayerType("BinaryOp", ONE_OR_MORE, forward, PARAMS, shapes=shapes)
