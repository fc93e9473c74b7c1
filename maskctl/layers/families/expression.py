"""Shape expressions: lists of integers computed from the extents of input blobs, in Reshape, Crop and Interp.

Operators stand in front of their operands: `*(0w,2),0h,+(1c,3)`. A digit and a letter are an extent of an input:
`1h` is the height of the second, and `1n` the samples in it, 1. Anything else is a number, read as C's `scanf` reads
it: what stands behind its digits does not count, so `10w` and ` 0w` (with a space) are the numbers 10 and 0. Integers stay integers until a
float joins them; the list is truncated to integers in the end. The released engine counts the items by the commas
outside parentheses, older ones by the values that are left; maskctl wants both to be the same.

Source: ncnn `src/expression.cpp`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Shape
from maskctl.layers.families.extents import extent
from maskctl.numeric.late import np

Number: TypeAlias = "int | np.float32"
"""A value of an expression; the two types follow different rules."""

_EXTENT = re.compile(r"([0-9])([whdcn])\Z")
_SEPARATORS = re.compile(r"[(),]")
_INTEGER = re.compile(r"\s*([+-]?[0-9]+)")
_REAL = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![xX])")
_INT32 = range(-(2**31), 2**31)
_LONGEST_LITERAL = 100


def references(text: str) -> int:
    """How many inputs the expression refers to: the highest number of an extent in it, plus 1.

    >>> references("0w,*(2h,3)"), references("10w,4")
    (3, 0)
    """
    found = (_EXTENT.match(token) for token in _SEPARATORS.split(text))
    return max((int(match.group(1)) + 1 for match in found if match), default=0)


def evaluate(text: str, inputs: Sequence[Shape]) -> tuple[int, ...]:
    """The integers the expression stands for; `GraphError` for its text, `ExecutionError` for what it comes to.

    >>> evaluate("*(0w,2),//(0h,-2),0c,/(7,2)", [(3, 5, 6)])
    (12, -2, 3, 3)
    """
    return tuple(_whole(_value(item, inputs, text), text) for item in _items(text))


def _items(text: str) -> list[str]:
    """The text cut at the commas outside parentheses."""
    items, depth = [list[str]()], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            break
        if letter == "," and not depth:
            items.append([])
        else:
            items[-1].append(letter)
    if depth:
        raise GraphError(f"shape expression '{text}' has unbalanced parentheses.")
    return ["".join(item) for item in items]


def _value(item: str, inputs: Sequence[Shape], text: str) -> Number:
    """The one value of an item: its tokens are taken from the right, operators find their operands on the stack."""
    stack: list[Number] = []
    for token in reversed([token for token in _SEPARATORS.split(item) if token]):
        taken, compute = _operation(token)
        if compute is None:
            stack.append(_operand(token, inputs, text))
            continue
        if len(stack) < taken:
            raise GraphError(
                f"shape expression '{text}': operator '{token}' has {len(stack)} operands. Expected {taken}."
            )
        operands = [stack.pop() for _ in range(taken)]
        try:
            stack.append(_representable(compute(*operands)))
        except ArithmeticError as error:
            told = ", ".join(str(operand) for operand in operands)
            raise ExecutionError(f"shape expression '{text}': {token}({told}): {error}.") from None
    if len(stack) != 1:
        raise GraphError(
            f"shape expression '{text}': its item '{item}' gives {len(stack)} values. "
            "Expected one; write operators as in '*(0w,2)' and items as in '0w,0h'."
        )
    return stack[0]


def _operation(token: str) -> tuple[int, Callable[..., Number] | None]:
    """How many operands the operator takes and what it does; None for an operand."""
    for taken, table in ((1, _UNARY), (2, _BINARY)):
        if token in table:
            return taken, table[token]
    return 0, None


def _operand(token: str, inputs: Sequence[Shape], text: str) -> Number:
    found = _EXTENT.match(token)
    if found:
        number = int(found.group(1))
        if number >= len(inputs):
            raise GraphError(
                f"shape expression '{text}': '{token}' is an extent of input {number}, counted from 0, "
                f"but the layer has {len(inputs)}."
            )
        return extent(inputs[number], found.group(2))
    real = _REAL.match(token) if len(token) <= _LONGEST_LITERAL else None
    if not real:
        raise GraphError(
            f"shape expression '{text}': '{token[:_LONGEST_LITERAL]}' is no operator, no number and no extent. "
            "Expected e.g. '*', '2' or '0w'."
        )
    integer = _INTEGER.match(token)
    value = float(real.group(1))
    if integer and int(integer.group(1)) == value:
        if int(value) not in _INT32:
            raise GraphError(f"shape expression '{text}': '{token}' does not fit a 32-bit integer.")
        return int(value)
    with np.errstate(all="ignore"):
        return np.float32(value)


def _representable(value: Number) -> Number:
    """The value, unless the engine's integers overflow or its floats are not a number: it defines neither."""
    if isinstance(value, int):
        if value not in _INT32:
            raise ArithmeticError("the result does not fit a 32-bit integer")
    elif np.isnan(value):
        raise ArithmeticError("the result is not a number")
    return value


def _whole(value: Number, text: str) -> int:
    if not isinstance(value, int) and not (np.isfinite(value) and int(value) in _INT32):
        raise ExecutionError(f"shape expression '{text}' comes to {value}, which does not fit a 32-bit integer.")
    return int(value)


def _quotient(a: int, b: int) -> int:
    if not b:
        raise ArithmeticError("division by zero")
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _keeping(integers: Callable[..., int], floats: Callable[..., Any]) -> Callable[..., Number]:
    """An operator on integers while all operands are, else on floats."""

    def compute(*operands: Number) -> Number:
        if all(isinstance(operand, int) for operand in operands):
            return integers(*operands)
        with np.errstate(all="ignore"):
            return np.float32(floats(*map(np.float32, operands)))

    return compute


def _real(floats: Callable[..., Any]) -> Callable[..., Number]:
    """An operator on floats, rounded once from double precision."""

    def compute(*operands: Number) -> Number:
        with np.errstate(all="ignore"):
            return np.float32(floats(*(np.float64(np.float32(operand)) for operand in operands)))

    return compute


def _named(name: str) -> Callable[..., Any]:
    """numpy's function of that name."""

    def compute(*operands: Any) -> Any:
        return getattr(np, name)(*operands)

    return compute


def _rounding(to_whole: Callable[[float], int]) -> Callable[..., Number]:
    """A rounding, which gives an integer."""

    def compute(operand: Number) -> Number:
        if isinstance(operand, int):
            return operand
        if np.isinf(operand):
            raise ArithmeticError("the result does not fit a 32-bit integer")
        return to_whole(float(operand))

    return compute


def _bitwise(combine: Callable[[int, int], int]) -> Callable[..., Number]:
    """An operator on the bits of integers; floats are taken by their bits."""

    def compute(*operands: Number) -> Number:
        a, b = (operand if isinstance(operand, int) else int(operand.view(np.int32)) for operand in operands)
        return combine(a, b)

    return compute


def _shift(shifted: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def compute(value: int, places: int) -> int:
        if places not in range(32):
            raise ArithmeticError("a shift by other than 0 to 31 places is not defined")
        return shifted(value, places)

    return compute


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _half_away(value: float) -> int:
    return _sign(value) * math.floor(abs(value) + 0.5)


def _remainder(a: float, b: float) -> float:
    found: float = np.fmod(a, b)
    return found + b if a * b < 0 else found


def _log_of_sum(a: float, b: float) -> float:
    """As the engine computes it: the powers of e overflow in fp32."""
    return float(np.log(np.float32(np.exp(a)) + np.float32(np.exp(b))))


_UNARY: Mapping[str, Callable[..., Number]] = {
    "abs": _keeping(abs, abs),
    "neg": _keeping(operator.neg, operator.neg),
    "sign": _keeping(_sign, _named("sign")),
    "square": _keeping(lambda a: a * a, _named("square")),
    "trunc": _rounding(math.trunc),
    "ceil": _rounding(math.ceil),
    "floor": _rounding(math.floor),
    "round": _rounding(_half_away),
    "erf": _real(math.erf),
    "reciprocal": _real(lambda a: 1 / a),
    "rsqrt": _real(lambda a: 1 / np.sqrt(a)),
    **{
        name: _real(_named(name))
        for name in ("cos", "cosh", "exp", "log", "log10", "sin", "sinh", "sqrt", "tan", "tanh")
    },
    **{f"a{name}": _real(_named(f"arc{name}")) for name in ("cos", "cosh", "sin", "sinh", "tan", "tanh")},
}

_BINARY: Mapping[str, Callable[..., Number]] = {
    "+": _keeping(operator.add, operator.add),
    "-": _keeping(operator.sub, operator.sub),
    "*": _keeping(operator.mul, operator.mul),
    "//": _keeping(_quotient, lambda a, b: np.floor(a / b)),
    "max": _keeping(max, max),
    "min": _keeping(min, min),
    "/": _real(lambda a, b: a / b),
    "atan2": _real(_named("arctan2")),
    "fmod": _real(_named("fmod")),
    "pow": _real(_named("power")),
    "remainder": _real(_remainder),
    "logaddexp": _real(_log_of_sum),
    "and": _bitwise(operator.and_),
    "or": _bitwise(operator.or_),
    "xor": _bitwise(operator.xor),
    "lshift": _bitwise(_shift(operator.lshift)),
    "rshift": _bitwise(_shift(operator.rshift)),
}
