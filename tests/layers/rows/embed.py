"""Embed. The numbers of rows are 32-bit integers in an ordinary blob."""

from __future__ import annotations

from tests.layers.row import BITS, Row, whole

ONE = ("normal",)
INSIDE, BEYOND, ANY = whole(0, 10), whole(-5, 20), whole(-(1 << 31), (1 << 31) - 1)

ROWS = (
    Row("Embed 0=4 1=10 3=40", ((6,),), profiles=ONE, fed={0: INSIDE}, least_db=BITS),
    Row("Embed 0=1 1=10 3=10", ((1,),), profiles=ONE, fed={0: INSIDE}, least_db=BITS),
    Row("Embed 0=5 1=10 2=1 3=50", ((8,),), profiles=ONE, fed={0: INSIDE}),
    Row("Embed 0=16 1=10 2=1 3=160", ((16,),), profiles=ONE, fed={0: BEYOND}),
    Row("Embed 0=3 1=10 3=30", ((12,),), profiles=ONE, fed={0: ANY}, least_db=BITS),
    Row("Embed 0=3 1=8 3=30", ((12,),), profiles=ONE, fed={0: BEYOND}, least_db=BITS),
    Row("Embed 0=3 1=1 3=3", ((4,),), profiles=ONE, fed={0: BEYOND}, least_db=BITS),
    Row("Embed 0=4 1=10 3=40", ((3, 6),), profiles=ONE, fed={0: INSIDE}, least_db=BITS),
    Row("Embed 0=4 1=10 3=40", ((2, 3, 5),), profiles=ONE, fed={0: INSIDE}, least_db=BITS),
    # ordinary floats, whose bits are numbers far outside the table
    Row("Embed 0=4 1=10 3=40", ((7,),), least_db=BITS),
    Row("Embed 0=8 1=10 3=80 18=2", ((6,),), profiles=ONE, fed={0: INSIDE}),
    Row("Embed 0=7 1=10 2=1 3=70 18=2", ((5,),), profiles=ONE, fed={0: BEYOND}),
)
