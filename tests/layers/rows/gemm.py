"""Gemm and MatMul: constant and dynamic operands, all ways of spreading C, int8, weights in blocks."""

from __future__ import annotations

from tests.layers.row import Row

PRODUCTS = ("normal", "sparse", "special", "denormal")
"""Where products of two inputs are added: of what is not finite, or becomes so, the order of the sum decides."""
GEMMS = (
    # B constant, as in the decoders
    Row("Gemm 10=-1 2=0 3=1 4=0 5=1 6=1 7=0 8=12 9=7", ((5, 7),)),
    Row("Gemm 10=4 2=0 3=1 4=0 5=1 6=1 7=0 8=16 9=24", ((8, 24),)),
    Row("Gemm 3=1 5=1 6=1 8=33 9=20 10=4", ((3, 20),)),
    Row("Gemm 10=-1 3=1 5=1 6=1 7=1 8=13 9=16", ((1, 16),)),
    Row("Gemm 3=0 5=1 6=1 8=6 9=9 10=-1", ((4, 9),)),
    Row("Gemm 0=0.5 1=2.0 3=0 5=1 6=1 8=6 9=9 10=4", ((4, 9),)),
    Row("Gemm 2=1 3=1 5=1 6=1 8=6 9=9 10=0", ((9, 4),)),
    Row("Gemm 2=1 3=1 5=1 6=1 7=5 8=6 9=9 10=1 14=1", ((9, 5),)),
    Row("Gemm 3=1 5=1 6=1 7=4 8=6 9=9 10=2 11=1", ((4, 9),)),
    Row("Gemm 3=1 5=1 6=1 7=8 8=16 9=9 10=3 11=1 14=1", ((8, 9),)),
    Row("Gemm 1=3.0 3=1 5=1 6=1 7=5 8=3 9=2 10=3", ((5, 2),)),
    Row("Gemm 3=1 5=1 6=1 8=12 9=10 10=4", ((6, 1, 10),)),
    Row("Gemm 2=1 3=1 5=1 6=1 8=12 9=10 10=4", ((10, 1, 6),)),
    Row("Gemm 3=1 5=1 6=1 8=12 9=10 10=4", ((10,),)),
    Row("Gemm 3=1 5=1 6=1 8=300 9=400 10=4", ((40, 400),), profiles=("normal", "special")),
    # a C that is an input
    Row("Gemm 1=0.5 3=1 5=1 8=6 9=9", ((4, 9),)),
    Row("Gemm 1=0.5 3=1 5=1 8=6 9=9", ((4, 9), (1,))),
    Row("Gemm 1=0.5 3=1 5=1 8=6 9=9", ((4, 9), (4,))),
    Row("Gemm 1=0.5 3=1 5=1 8=6 9=9", ((4, 9), (6,))),
    Row("Gemm 0=2.0 3=1 5=1 8=6 9=9", ((6, 9), (6,))),
    Row("Gemm 0=2.0 3=1 5=1 8=6 9=9", ((4, 9), (4, 1))),
    Row("Gemm 0=2.0 3=1 5=1 8=6 9=9", ((4, 9), (4, 6))),
    Row("Gemm 0=2.0 3=1 5=1 8=6 9=9", ((4, 9), (1, 6))),
    Row("Gemm 0=2.0 3=1 5=1 8=6 9=9", ((1, 9), (1, 6))),
    Row("Gemm 3=1 5=1 8=16 9=9 14=1", ((8, 9), (8, 16))),
    Row("Gemm 3=1 5=1 8=6 9=9", ((4, 9), (5,))),
    Row("Gemm 3=1 5=1 8=6 9=9", ((4, 9), (3, 4))),
    Row("Gemm 3=1 5=1 8=6 9=9", ((4, 9), (2, 3, 4))),
    # A constant
    Row("Gemm 4=1 6=1 7=8 9=12 10=1", ((12, 5),)),
    Row("Gemm 2=1 3=1 4=1 6=1 7=8 9=12 10=2", ((5, 12),)),
    Row("Gemm 4=1 7=8 9=12", ((12, 5), (5,))),
    Row("Gemm 4=1 3=1 7=3 9=12 11=1", ((5, 1, 12), (3,))),
    Row("Gemm 4=1 5=1 7=4 8=6 9=5", ((4, 6),)),
    Row("Gemm 4=1 5=1 7=4 8=6 9=5 2=1 3=1 0=0.3 1=0.7", ((6,),)),
    Row("Gemm 4=1 5=1 6=1 7=4 8=6 9=5 10=3", (), profiles=("normal",)),
    # neither
    Row("Gemm", ((3, 5), (5, 4)), profiles=PRODUCTS),
    Row("Gemm 6=1 10=-1", ((8, 5), (5, 12)), profiles=PRODUCTS),
    Row("Gemm 2=1", ((5, 3), (5, 4)), profiles=PRODUCTS),
    Row("Gemm 3=1 0=0.125", ((1, 5), (1, 5)), profiles=PRODUCTS),
    Row("Gemm 2=1 3=1", ((5, 8), (16, 5), (8, 16)), profiles=PRODUCTS),
    Row("Gemm 2=1 3=1 11=1 14=1", ((5, 1, 3), (7, 1, 5), (7,)), profiles=PRODUCTS),
    Row("Gemm 3=1", ((17, 33), (31, 33), (17, 1)), profiles=PRODUCTS),
)

MATMULS = tuple(
    Row(words, shapes, profiles=PRODUCTS)
    for words, shapes in (
        ("MatMul", ((7,), (7,))),
        ("MatMul 0=1", ((7,), (7,))),
        ("MatMul", ((3, 5), (5, 4))),
        ("MatMul 0=1", ((3, 5), (4, 5))),
        ("MatMul", ((5,), (5, 4))),
        ("MatMul 0=1", ((5,), (4, 5))),
        ("MatMul", ((3, 5), (5,))),
        ("MatMul 0=1", ((8, 5), (5,))),
        ("MatMul", ((5,), (3, 5, 4))),
        ("MatMul 0=1", ((5,), (2, 3, 4, 5))),
        ("MatMul", ((3, 4, 5), (5,))),
        ("MatMul", ((2, 3, 4, 5), (5,))),
        ("MatMul", ((6, 4, 5), (6, 5, 3))),
        ("MatMul 0=1", ((6, 4, 5), (1, 3, 5))),
        ("MatMul", ((1, 4, 5), (6, 5, 3))),
        ("MatMul", ((4, 5), (6, 5, 3))),
        ("MatMul 0=1", ((6, 4, 5), (3, 5))),
        ("MatMul", ((2, 3, 4, 5), (2, 3, 5, 6))),
        ("MatMul", ((2, 1, 4, 5), (1, 3, 5, 6))),
        ("MatMul 0=1", ((3, 4, 5), (2, 3, 6, 5))),
        ("MatMul", ((2, 3, 4, 5), (5, 6))),
        ("MatMul", ((4, 5), (2, 3, 5, 6))),
        ("MatMul 0=1", ((12, 16, 64), (12, 16, 64))),
    )
)

INT8 = (
    Row("Gemm 18=2 10=4 3=1 5=1 6=1 8=12 9=20", ((5, 20),), profiles=PRODUCTS),
    Row("Gemm 18=2 10=-1 3=0 5=1 6=1 8=16 9=33", ((1, 33),), profiles=PRODUCTS),
    Row("Gemm 18=2 4=1 6=1 7=8 9=12 10=1 0=0.25 1=2.0", ((12, 5),), profiles=PRODUCTS),
    Row("Gemm 18=2 2=1 3=1 4=1 7=8 9=12 14=1", ((5, 12), (5,)), profiles=PRODUCTS),
    Row("Gemm 18=2 4=1 5=1 7=4 8=6 9=5", ((4, 6),), profiles=PRODUCTS),
    Row("Gemm 18=1", ((3, 50), (50, 4)), profiles=PRODUCTS),
    Row("Gemm 18=2 3=1 2=1", ((16, 8), (12, 16), (8, 12)), profiles=PRODUCTS),
    Row("Gemm 18=2 3=1 11=1", ((6, 1, 10), (7, 1, 10)), profiles=PRODUCTS),
    Row("Gemm 18=2 10=4 3=1 5=1 6=1 8=20 9=1500", ((3, 1500),), profiles=("normal", "sparse")),
)

BLOCKS = tuple(
    Row(f"Gemm 18={term} 3=1 5=1 8={columns} 9={terms} {more}".strip(), shapes)
    for term, columns, terms, more, shapes in (
        (400, 12, 64, "6=1 10=-1", ((5, 64),)),
        (400, 5, 37, "6=1 10=4", ((3, 37),)),
        (400, 5, 32, "6=1 10=-1", ((32,),)),
        (401, 7, 100, "6=1 10=1 7=3", ((3, 100),)),
        (402, 7, 150, "0=0.5 1=2.0", ((3, 150), (7,))),
        (410, 6, 50, "6=1 10=-1", ((4, 50),)),
        (600, 9, 35, "6=1 10=0", ((4, 35),)),
        (601, 4, 65, "", ((2, 65), (2, 4))),
        (602, 4, 130, "", ((2, 1, 130),)),
        (611, 6, 70, "6=1 10=3 7=4", ((4, 70),)),
    )
)

# With 8 bits the inputs become codes: x86 and arm64 make different ones of what is not finite.
BLOCKS_OF_CODES = (
    Row("Gemm 18=800 3=1 5=1 8=6 9=33 6=1 10=-1", ((1, 33),), profiles=PRODUCTS),
    Row("Gemm 18=801 3=1 5=1 8=7 9=100 6=1 10=4 0=0.5", ((3, 100),), profiles=PRODUCTS),
    Row("Gemm 18=802 3=1 5=1 8=16 9=256 6=1 10=-1", ((16, 256),), profiles=PRODUCTS),
    Row("Gemm 18=812 3=1 5=1 8=6 9=129 6=1 10=2 7=5", ((5, 129),), profiles=PRODUCTS),
)

REFUSED = (
    Row(
        "Gemm 3=1 5=1 6=1 8=12 9=16 10=4",
        ((16,),),
        refused="x86 takes a vector whose elements it has packed by 16 for 16 rows",
        why="a vector is one row, as it is with 10 elements",
    ),
    Row(
        "Gemm 18=400 3=1 5=1 8=4 9=8",
        ((3, 8), (2, 2)),
        refused="it returns -1 for a C that does not fit",
        why="it is refused",
    ),
    Row(
        "Gemm 3=1 5=1 6=1 8=12 9=10 10=4",
        ((6, 2, 10),),
        refused="it takes the first row of each channel",
        why="it is refused",
    ),
    Row("Gemm 3=1 5=1 6=1 8=12 9=10 10=4", ((6, 9),), refused="it reads past the end of A", why="it is refused"),
)

ROWS = GEMMS + MATMULS + INT8 + BLOCKS + BLOCKS_OF_CODES + REFUSED
