"""UnaryOp: one of 28 functions of each element, by number.

Rounding takes halves to the even neighbour; the sign of NaN is 0. Beyond their domains the functions follow C
(log 0 is -inf, 1 / 0 is inf); the engine's vector code is coarser there: NaN for those two, and exponentials that stay
below 2.4e38. The engine refuses other numbers, older ones changed nothing. Source: ncnn `src/layer/unaryop.cpp`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from maskctl.errors import GraphError
from maskctl.layers.base import LayerType, Param, Params, Shape
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

NAMES = (
    *("abs", "neg", "floor", "ceil", "square", "sqrt", "rsqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos"),
    *("atan", "reciprocal", "tanh", "log10", "round", "trunc", "sign", "expm1", "sinh", "asinh", "cosh", "acosh"),
    *("atanh", "log1p"),
)
PARAMS = (Param(0, "op_type", 0, ", ".join(f"{number} {name}" for number, name in enumerate(NAMES))),)


def _rsqrt(values: FloatArray) -> FloatArray:
    out: FloatArray = np.sqrt(values)
    return np.divide(np.float32(1), out, out=out)


def _sign(values: FloatArray) -> FloatArray:
    return (values > 0).astype(np.float32) - (values < 0)


@cache
def _functions() -> dict[str, Callable[[FloatArray], FloatArray]]:
    return {
        "abs": np.abs,
        "neg": np.negative,
        "floor": np.floor,
        "ceil": np.ceil,
        "square": np.square,
        "sqrt": np.sqrt,
        "rsqrt": _rsqrt,
        "exp": np.exp,
        "log": np.log,
        "sin": np.sin,
        "cos": np.cos,
        "tan": np.tan,
        "asin": np.arcsin,
        "acos": np.arccos,
        "atan": np.arctan,
        "reciprocal": np.reciprocal,
        "tanh": np.tanh,
        "log10": np.log10,
        "round": np.rint,
        "trunc": np.trunc,
        "sign": _sign,
        "expm1": np.expm1,
        "sinh": np.sinh,
        "asinh": np.arcsinh,
        "cosh": np.cosh,
        "acosh": np.arccosh,
        "atanh": np.arctanh,
        "log1p": np.log1p,
    }


def name_of(params: Params) -> str:
    """The function's name; raises `GraphError` for a number without one."""
    number = params.integer("op_type")
    if not 0 <= number < len(NAMES):
        raise GraphError(f"op_type is {number}. Expected 0 to {len(NAMES) - 1}.")
    return NAMES[number]


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shape of the bottom."""
    name_of(params)
    return inputs[:1]


def unary_op(params: Params, values: FloatArray) -> FloatArray:
    """The function of each element."""
    return _functions()[name_of(params)](values)


LAYER = LayerType("UnaryOp", range(1, 2), on_floats(unary_op), PARAMS, shapes=shapes)
