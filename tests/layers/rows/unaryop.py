"""UnaryOp: every function, over the values where the engine's vector code, which x86 runs throughout, is C's.

Elsewhere it gives NaN for 1 / 0 and log 0, numbers near 2.4e38 for exponentials that overflow, and numbers for NaN.
"""

from __future__ import annotations

from maskctl.layers.unaryop import NAMES
from tests.layers.row import BITS, EVERY, SAFE, SUMS, WITHOUT_NAN, Made, Row, between

VECTOR, TABLE, MAP, VOLUME = (19,), (4, 9), (8, 5, 7), (5, 2, 3, 4)
SCALAR = (3, 1, 3)

MOVED = ("abs", "neg", "floor", "ceil", "round", "trunc", "sign", "square")
BOUNDED = (*SAFE, "denormal")
PROFILES = {
    "exp": BOUNDED,
    "expm1": BOUNDED,
    "sinh": BOUNDED,
    "cosh": BOUNDED,
    "sin": tuple(profile for profile in EVERY if profile != "huge"),
    "cos": tuple(profile for profile in EVERY if profile != "huge"),
    "atan": tuple(profile for profile in EVERY if profile != "infinite"),
    "reciprocal": ("normal", "huge"),
    # The vector tanh gives 0 for denormals.
    "tanh": tuple(profile for profile in WITHOUT_NAN if profile != "denormal"),
    "asinh": tuple(profile for profile in WITHOUT_NAN if profile != "infinite"),
}
# Away from 0 where the function has a pole or ends there, and within the domain.
FED: dict[str, Made] = {
    "rsqrt": between(1e-3, 100),
    "log": between(1e-3, 100),
    "log10": between(1e-3, 100),
    "tan": between(-1.5, 1.5),
    "acosh": between(1, 50),
    "atanh": between(-0.999, 0.999),
    "log1p": between(-0.999, 50),
}


def _row(number: int, shape: tuple[int, ...]) -> Row:
    name = NAMES[number]
    return Row(
        f"UnaryOp 0={number}",
        (shape,),
        profiles=SAFE if name in FED else PROFILES.get(name, EVERY),
        least_db=BITS if name in MOVED else SUMS,
        either_zero=True,
        fed={0: FED[name]} if name in FED else {},
    )


ROWS = (
    *(_row(number, shape) for number in range(len(NAMES)) for shape in (MAP, SCALAR)),
    *(_row(number, shape) for number in (2, 5, 16, 18) for shape in (VECTOR, TABLE, VOLUME)),
    Row("UnaryOp", (MAP,), least_db=BITS),
    *(
        Row(f"UnaryOp 0={number}", (VECTOR,), refused="the engine refuses the number", why="a GraphError")
        for number in (28, -1)
    ),
)
