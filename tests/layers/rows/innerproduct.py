"""InnerProduct, fp32 and int8."""

from __future__ import annotations

from tests.layers.row import FINITE, TAME, Row
from tests.layers.rows.convolution import kept

TO_CODES = (*FINITE, "denormal")
"""Codes of NaN, infinity and products from 2**31 on are undefined in the engine."""

RELUS = ("9=1", "9=2 -23310=1,0.1")
BENT = ("9=3 -23310=2,-0.3,0.7", "9=4", "9=5", "9=6 -23310=2,0.2,0.5")
"""What x86 makes of a sum that is NaN or infinite depends on whether an output falls into a vector; no such profiles."""

ROWS = (
    Row("InnerProduct 0=5 1=1 2=35", ((7,),)),
    Row("InnerProduct 0=8 1=1 2=128", ((16,),)),
    Row("InnerProduct 0=16 1=0 2=192", ((12,),)),
    Row("InnerProduct 0=1 1=1 2=1", ((1,),)),
    Row("InnerProduct 0=4 1=1 2=960", ((5, 4, 3, 4),)),
    Row("InnerProduct 0=12 1=1 2=720", ((5, 4, 3),)),
    Row("InnerProduct 0=6 1=1 2=288", ((8, 3, 2),)),
    Row("InnerProduct 0=3 1=1 2=15", ((4, 5),)),
    Row("InnerProduct 0=8 1=1 2=64", ((12, 8),)),
    Row("InnerProduct 0=5 1=0 2=35", ((1, 7),)),
    Row("InnerProduct 0=5 1=1 2=100", ((4, 5),)),
    # x86 makes 0 of NaN in its ReLU, where arm64's vectors, and maskctl, let it pass.
    *(Row(f"InnerProduct 0=8 1=1 2=56 {words}", ((7,),), profiles=kept(words)) for words in RELUS),
    *(
        Row(f"InnerProduct 0={outputs} 1=1 2={7 * outputs} {words}", ((7,),), profiles=TAME)
        for words in BENT
        for outputs in (5, 8)
    ),
    Row("InnerProduct 0=5 1=1 2=35 8=2", ((7,),), profiles=TO_CODES),
    Row("InnerProduct 0=8 1=1 2=128 8=2", ((16,),), profiles=TO_CODES),
    Row("InnerProduct 0=16 1=0 2=192 8=2", ((12,),), profiles=TO_CODES),
    Row("InnerProduct 0=4 1=1 2=240 8=1", ((5, 4, 3),), profiles=TO_CODES),
    Row("InnerProduct 0=8 1=1 2=384 8=2", ((8, 2, 3),), profiles=TO_CODES),
    Row("InnerProduct 0=8 1=1 2=768 8=101", ((8, 2, 2, 3),), profiles=TO_CODES),
    Row("InnerProduct 0=3 1=1 2=15 8=2", ((4, 5),), profiles=TO_CODES),
    Row("InnerProduct 0=8 1=1 2=64 8=2", ((12, 8),), profiles=TO_CODES),
    Row("InnerProduct 0=5 1=1 2=100 8=2", ((4, 5),), profiles=TO_CODES),
    Row("InnerProduct 0=5 1=1 2=15000 8=2", ((3000,),), profiles=TO_CODES),
    *(
        Row(f"InnerProduct 0={outputs} 1=1 2={7 * outputs} 8=2 {words}", ((7,),), profiles=TO_CODES)
        for words in RELUS + BENT
        for outputs in (5, 8)
    ),
)
