"""Quantize, Dequantize, Requantize.

Codes of NaN, infinity and products from 2**31 on are undefined in the engine: its int conversion makes -127 of them all on
x86 and ±127 or 0 on arm. Those profiles are left out wherever floats become codes.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.formats import FloatArray
from tests.layers.row import BITS, FINITE, Row, Shape, whole

TO_CODES = (*FINITE, "denormal")
ONE = ("normal",)


def wide(rng: np.random.Generator, _: str, shape: Shape) -> FloatArray:
    """Values of every size up to a million, of either sign."""
    return (rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 6, shape)).astype(np.float32)


SUMS32 = whole(-(1 << 20), 1 << 20)
SMALL = whole(-9, 10)
ANY = whole(-(1 << 31), (1 << 31) - 1)

ROWS = (
    *(Row("Quantize", (shape,), profiles=TO_CODES, least_db=BITS) for shape in ((1,), (7,), (16,), (3, 5), (8, 3))),
    *(
        Row("Quantize 0=1", (shape,), profiles=TO_CODES, least_db=BITS)
        for shape in ((4, 3, 5), (8, 2, 3), (16, 1, 1), (12, 3, 3), (3, 2, 3, 4), (8, 2, 3, 4))
    ),
    Row("Quantize 0=3", ((3, 5),), profiles=TO_CODES, least_db=BITS),
    Row("Quantize 0=8", ((8, 5),), profiles=TO_CODES, least_db=BITS),
    Row("Quantize 0=4", ((4, 5),), profiles=TO_CODES, least_db=BITS),
    Row("Quantize 0=5", ((5, 2, 4),), profiles=TO_CODES, least_db=BITS),
    Row("Quantize 0=12", ((12, 2, 4),), profiles=TO_CODES, least_db=BITS),
    Row("Quantize 0=16", ((16, 2, 3, 2),), profiles=TO_CODES, least_db=BITS),
    Row("Quantize 0=9", ((5, 2, 4),), profiles=TO_CODES, least_db=BITS),
    Row("Quantize 0=6", ((6,),), profiles=TO_CODES, least_db=BITS),
    Row("Quantize 0=3", ((5, 2, 4),), refused="reads past the scales", why="refused"),
    Row("Quantize", ((40, 25),), profiles=ONE, fed={0: wide}, least_db=BITS),
    Row("Dequantize", ((7,),), profiles=ONE, fed={0: SUMS32}),
    Row("Dequantize", ((5, 3),), profiles=ONE, fed={0: ANY}),
    Row("Dequantize 1=1", ((16,),), profiles=ONE, fed={0: SUMS32}),
    Row("Dequantize 1=1", ((3, 5),), profiles=ONE, fed={0: SUMS32}),
    Row("Dequantize 0=3 1=3", ((3, 5),), profiles=ONE, fed={0: SUMS32}),
    Row("Dequantize 0=4 1=4", ((4, 5),), profiles=ONE, fed={0: SUMS32}),
    Row("Dequantize 0=8", ((8, 5, 2),), profiles=ONE, fed={0: SUMS32}),
    Row("Dequantize 0=8 1=1", ((8, 5, 2),), profiles=ONE, fed={0: SUMS32}),
    Row("Dequantize 0=1 1=5", ((5, 3, 2),), profiles=ONE, fed={0: SUMS32}),
    Row("Dequantize 0=12 1=12", ((12, 1, 3),), profiles=ONE, fed={0: SUMS32}),
    Row("Dequantize 0=16 1=16", ((16, 2, 1, 3),), profiles=ONE, fed={0: SMALL}),
    Row("Dequantize 0=2", ((3, 1, 3),), refused="reads past the scales", why="refused"),
    Row("Requantize", ((7,),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 2=1", ((16,),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 2=1 3=1", ((3, 5),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 0=3 1=3 2=3", ((3, 5),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 0=8 1=8 2=8", ((8, 5),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 0=8 1=1", ((8, 5, 3),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 0=1 1=8 2=8", ((8, 5, 3),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 0=5 1=5 2=5 3=2 -23304=1,0.25", ((5, 3, 3),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 0=16 2=16 3=3 -23304=2,-0.5,1.5", ((16, 3, 3),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 3=4", ((5, 3, 4),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 3=5", ((5, 3, 4),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 3=6 -23304=2,0.2,0.5", ((5, 3, 4),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize", ((4, 3, 4),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row("Requantize 0=8 1=8 2=8", ((8, 2, 3, 2),), profiles=ONE, fed={0: SMALL}, least_db=BITS),
    Row(
        "Requantize 0=4",
        ((4, 3, 4),),
        profiles=ONE,
        fed={0: SMALL},
        refused="x86 uses the first scale for four channels where they are a multiple of 4 and not of 8",
        why="each channel its own scale, as the portable code",
    ),
    Row("Requantize 0=2", ((3, 3, 4),), refused="reads past the scales", why="refused"),
)
