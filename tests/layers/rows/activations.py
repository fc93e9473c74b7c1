"""Layers that compute each element by itself, without a choice of operation.

Channels of fewer than four elements go through the engine's scalar code, which is C's as maskctl's is: there every
profile can be compared. Vector code of x86 treats NaN and infinities in its own way in some layers; those rows leave
them out, and their neighbours of three elements keep them.
"""

from __future__ import annotations

from tests.layers.row import BITS, EVERY, FINITE, WITHOUT_NAN, Row

VECTOR, TABLE, MAP, VOLUME = (19,), (4, 9), (8, 5, 7), (5, 2, 3, 4)
SCALAR = (3, 1, 3)
WHOLE = (8, 4, 8)
WIDE = (VECTOR, TABLE, MAP, VOLUME)
WITHOUT_INFINITY = tuple(profile for profile in EVERY if profile != "infinite")

MOVED = tuple(
    Row(words, (shape,), least_db=BITS, either_zero=True)
    for words in ("ReLU", "AbsVal", "Threshold", "Threshold 0=0.5", "Dropout")
    for shape in (*WIDE, SCALAR)
)

PLAIN = tuple(
    Row(words, (shape,))
    for words in (
        *("ReLU 0=0.1", "ReLU 0=2.0", "ReLU 0=-0.5"),
        *("Erf", "Mish", "GELU", "GELU 0=1", "Softplus", "Shrink", "Shrink 0=0.25 1=0.75", "Dropout 0=0.5"),
        *("ELU", "ELU 0=1.0", "CELU", "CELU 0=0.5", "CELU 0=-2.0", "CELU 0=0.0", "SELU", "SELU 0=0.5 1=2.0"),
        *("Exp", "Exp 0=2.0", "Exp 0=3.0 1=0.5 2=-1.0", "Exp 0=-2.0", "Log", "Log 1=0.5 2=1.5", "Log 0=10.0 1=2.0"),
        *("Power", "Power 0=2.0", "Power 0=0.5 1=2.0 2=1.0", "Power 0=-1.5 1=-1.0", "Power 0=3.0", "Power 0=0.0"),
    )
    for shape in (MAP, SCALAR)
)

SHAPES = tuple(
    Row(kind, (shape,))
    for kind in ("Erf", "Mish", "GELU", "ELU", "SELU", "Softplus", "Shrink")
    for shape in WIDE
    if shape != MAP
)

# x86 makes a limit or another number of NaN in vectors, and in Clip, Sigmoid and TanH also in what is left over.
NAN_LOST = (
    *(
        Row(words, (shape,), profiles=WITHOUT_NAN, least_db=BITS, either_zero=True)
        for words in ("Clip", "Clip 0=-1.0 1=2.0", "Clip 0=0.0 1=6.0", "Clip 0=2.0 1=-1.0", "Clip 0=0.5", "Clip 1=0.5")
        for shape in (MAP, SCALAR)
    ),
    *(Row(kind, (shape,), profiles=WITHOUT_NAN) for kind in ("Sigmoid", "TanH") for shape in (*WIDE, SCALAR)),
    *(
        Row(words, (shape,), profiles=WITHOUT_NAN)
        for words in ("BNLL", "HardSigmoid", "HardSigmoid 0=0.16666667 1=0.5")
        for shape in WIDE
    ),
    *(Row(words, (SCALAR,)) for words in ("BNLL", "HardSigmoid", "HardSigmoid 0=0.16666667 1=0.5")),
)

# Swish makes NaN of -inf in vectors and 0 here; what vectors leave over is 0 there as well.
INFINITY_LOST = (
    *(Row("Swish", (shape,), profiles=WITHOUT_INFINITY) for shape in WIDE),
    Row("Swish", (SCALAR,)),
)

HARD_SWISH = tuple(
    Row(words, (shape,))
    for words in ("HardSwish", "HardSwish 0=0.16666667", "HardSwish 0=0.5 1=-0.25")
    for shape in (*WIDE, SCALAR, WHOLE)
)

# Lines that do not rise: the vector code cuts off y, the scalar code x. HardSigmoid takes channels of x86 as they come, here one
# by one, so that only channels of whole fours have none left over.
FALLING = (
    *(Row(f"HardSwish 0={slope}", (shape,)) for slope in (-1.0, 0.0) for shape in (*WIDE, SCALAR)),
    *(Row(f"HardSwish 0={slope} 1=-0.5", (MAP,)) for slope in (-0.3, -7.0)),
    *(Row(f"HardSigmoid 0={slope}", (SCALAR,)) for slope in (-1.0, 0.0)),
    *(Row("HardSigmoid 0=-0.3", (shape,), profiles=WITHOUT_NAN) for shape in (WHOLE, VECTOR, TABLE, (5, 3, 7))),
    *(Row("HardSigmoid 0=0.0 1=1.5", (shape,), profiles=FINITE) for shape in (WHOLE, VECTOR, (5, 3, 7))),
)

ROWS = (*MOVED, *PLAIN, *SHAPES, *NAN_LOST, *INFINITY_LOST, *HARD_SWISH, *FALLING)
