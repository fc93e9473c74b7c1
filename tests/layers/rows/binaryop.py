"""BinaryOp: every function of blobs and of a number, and how blobs of different shapes are brought together.

Few elements go through the engine's scalar code, which is C's as maskctl's is. Vector code of x86 divides by way of an
approximate reciprocal, has powers of positive numbers only, and treats zeros, infinities and NaN in its own way: there
the values are such that this does not show.
"""

from __future__ import annotations

from collections.abc import Mapping

from maskctl.layers.binaryop import NAMES
from tests.layers.row import BITS, EVERY, FINITE, SAFE, SUMS, WITHOUT_NAN, Made, Row, between

MAP, SCALAR, SINGLE, WHOLE = (8, 5, 7), (3, 1, 3), (5, 1, 1), (2, 4, 8)
"""35 elements per channel: vectors and a rest. 3 and 1: no vector. 32: nothing but vectors."""

EXACT = ("add", "sub", "mul", "rsub")
TAKEN = ("max", "min")
# Divisors away from 0, and quotients that are hardly ever whole numbers.
NOT_DIVIDING: Mapping[int, Made] = {0: between(-6, 6), 1: between(0.51, 3)}
DIVIDED_BY: Mapping[int, Made] = {0: between(0.51, 3), 1: between(-6, 6)}
FED: dict[str, Mapping[int, Made]] = {
    "pow": {0: between(0.1, 5), 1: between(-3, 3)},
    "rpow": {0: between(-3, 3), 1: between(0.1, 5)},
    "div": NOT_DIVIDING,
    "fmod": NOT_DIVIDING,
    "floor_divide": NOT_DIVIDING,
    "remainder": NOT_DIVIDING,
    "rdiv": DIVIDED_BY,
    "rfmod": DIVIDED_BY,
    "rfloor_divide": DIVIDED_BY,
    "rremainder": DIVIDED_BY,
    "atan2": {0: between(-3, 3), 1: between(-3, 3)},
    "ratan2": {0: between(-3, 3), 1: between(-3, 3)},
}


def _in_vectors(number: int, words: str = "", inputs: int = 2) -> Row:
    name = NAMES[number]
    return Row(
        f"BinaryOp 0={number}{words}",
        (MAP,) * inputs,
        profiles=SAFE if name in FED else WITHOUT_NAN if name in (*TAKEN, "logaddexp") else EVERY,
        least_db=BITS if name in (*EXACT, *TAKEN) else SUMS,
        either_zero=True,
        fed=FED.get(name, {}),
    )


def _one_by_one(number: int, words: str = "", inputs: int = 2) -> Row:
    """NaN in maxima, minima and logaddexp depends on which operand the compiler puts first."""
    name = NAMES[number]
    divides = name.removeprefix("r") in {"div", "floor_divide"}
    return Row(
        f"BinaryOp 0={number}{words}",
        (SINGLE if divides else SCALAR,) * inputs,
        profiles=WITHOUT_NAN if name in (*TAKEN, "logaddexp") else EVERY,
        least_db=BITS if name in (*EXACT, *TAKEN) else SUMS,
        either_zero=True,
    )


FUNCTIONS = (
    *(_in_vectors(number) for number in range(len(NAMES))),
    *(_one_by_one(number) for number in range(len(NAMES))),
    # In arm64's vectors, and here, NaN of either operand wins; in x86's only that of the first does.
    *(
        Row(f"BinaryOp 0={NAMES.index(name)}", (WHOLE, WHOLE), least_db=BITS, either_zero=True, profiles=WITHOUT_NAN)
        for name in TAKEN
    ),
)
WITH_A_NUMBER = (
    *(_in_vectors(number, " 1=1 2=1.7", 1) for number in range(len(NAMES))),
    *(_one_by_one(number, f" 1=1 2={value}", 1) for number in range(len(NAMES)) for value in (2.5, -0.5)),
    *(_one_by_one(6, f" 1=1 2={value}", 1) for value in (0.5, 0.0, 2.0)),
    Row("BinaryOp 0=2 1=1", ((4, 9),), least_db=BITS, either_zero=True),
    Row("BinaryOp 0=1 1=-1 2=3.0", ((2, 3, 4, 5),), least_db=BITS, either_zero=True),
    Row("BinaryOp 1=1 2=3", ((19,),), least_db=BITS, either_zero=True),
)

# Every rank with every other; vectors that fit the outer axis, the inner one, and both.
RANKS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((7,), (7,)),
    ((7,), (1,)),
    ((4,), (4, 4)),
    ((5,), (5, 4)),
    ((4,), (5, 4)),
    ((8,), (8, 6)),
    ((1,), (5, 4)),
    ((7,), (5, 1)),
    ((5,), (5, 4, 5)),
    ((8,), (8, 3, 6)),
    ((6,), (5, 3, 6)),
    ((1,), (5, 3, 6)),
    ((7,), (5, 3, 1)),
    ((5,), (5, 2, 4, 3)),
    ((12,), (12, 2, 4, 3)),
    ((3,), (5, 2, 4, 3)),
    ((5, 3), (5, 3, 6)),
    ((8, 3), (8, 3, 6)),
    ((5, 1), (5, 3, 6)),
    ((1, 3), (5, 3, 6)),
    ((5, 6), (5, 6, 2)),
    ((5, 2), (5, 2, 4, 3)),
    ((8, 2), (8, 2, 4, 3)),
    ((5, 2, 4), (5, 2, 4, 3)),
    ((8, 1, 4), (8, 2, 4, 3)),
    ((1, 2, 1), (5, 2, 4, 3)),
    ((5, 7), (5, 1, 4)),
    ((5, 4, 3), (5, 4, 1, 6)),
)
ONES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((5, 4), (5, 1)),
    ((5, 4), (1, 4)),
    ((8, 4), (8, 1)),
    ((5, 1), (1, 4)),
    ((1, 1), (5, 4)),
    ((5, 3, 6), (1, 3, 6)),
    ((5, 3, 6), (5, 1, 6)),
    ((5, 3, 6), (5, 3, 1)),
    ((8, 3, 6), (8, 1, 1)),
    ((8, 3, 6), (1, 3, 6)),
    ((16, 3, 6), (1, 1, 6)),
    ((12, 1, 6), (12, 3, 1)),
    ((5, 1, 6), (1, 3, 1)),
    ((5, 2, 4, 3), (1, 2, 4, 3)),
    ((5, 2, 4, 3), (5, 1, 4, 3)),
    ((8, 2, 4, 3), (8, 2, 1, 3)),
    ((8, 2, 4, 3), (8, 2, 4, 1)),
    ((8, 2, 4, 3), (8, 2, 1, 1)),
    ((5, 2, 1, 3), (1, 1, 4, 1)),
    ((5, 2, 4, 3), (1, 1, 1, 1)),
)
# Between the outermost axis and the innermost the engine repeats the last index of what is too short.
SHORT = (((2, 5, 4), (2, 3, 4)), ((8, 5, 4), (8, 3, 1)), ((2, 5, 3, 4), (2, 3, 3, 4)), ((2, 3, 5, 4), (2, 3, 3, 1)))

TOGETHER = tuple(
    Row("BinaryOp 0=1", pair, profiles=FINITE, least_db=BITS, either_zero=True)
    for left, right in dict.fromkeys((*RANKS, *ONES, *SHORT))
    for pair in dict.fromkeys(((left, right), (right, left)))
)
BY_OTHERS = tuple(
    Row(f"BinaryOp 0={number}", pair, profiles=SAFE, fed=FED[NAMES[number]])
    for number in (3, 6, 8, 10, 12, 15, 17, 18)
    for pair in (((5, 3, 7), (5,)), ((8,), (8, 3, 6)), ((8, 1, 6), (8, 3, 1)))
)

NEVER = "a GraphError"
REFUSED = (
    *(
        Row(f"BinaryOp 0={number}", (MAP, MAP), refused="the engine refuses the number", why=NEVER)
        for number in (19, -1)
    ),
    Row("BinaryOp 0=1 1=1 2=2.0", (MAP, MAP), refused="the engine refuses a number and two blobs", why=NEVER),
    Row("BinaryOp 0=1", (MAP,), refused="the engine crashes", why=NEVER),
    *(
        Row("BinaryOp 0=1", pair, refused=reason, why="an ExecutionError")
        for pair, reason in (
            (((5,), (3,)), "the engine reads past the end"),
            (((5, 4), (5, 3)), "the engine reads past the end"),
            (((2, 5, 4), (2, 5, 3)), "the engine reads past the end"),
            (((7,), (5, 4)), "the engine reads past the end"),
            (((8, 4), (5, 4)), "the engine's shape depends on the packing"),
            (((8, 2, 4), (5, 2, 4)), "the engine's shape depends on the packing"),
            (((3, 4), (5, 4, 6)), "the engine's shape depends on the packing"),
        )
    ),
)

ROWS = (
    *FUNCTIONS,
    *WITH_A_NUMBER,
    *TOGETHER,
    *BY_OTHERS,
    *REFUSED,
    Row("BinaryOp 0=2", (MAP, MAP, MAP), least_db=BITS, either_zero=True),
)
