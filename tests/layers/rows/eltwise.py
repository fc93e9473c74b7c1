"""Eltwise: two to four blobs, with and without factors."""

from __future__ import annotations

from tests.layers.row import BITS, EVERY, WITHOUT_NAN, Row

VECTOR, TABLE, MAP, VOLUME, SCALAR = (19,), (4, 9), (8, 5, 7), (5, 2, 3, 4), (3, 1, 3)
WHOLE = (2, 4, 8)
"""32 elements per channel: no rest behind the vectors."""

ROWS = (
    *(
        Row(f"Eltwise 0={number}", (shape,) * count, least_db=BITS, either_zero=True, profiles=profiles)
        # In arm64's vectors, and here, NaN of any operand wins; on x86 that of one, and which differs by the lane.
        for number, profiles in ((0, EVERY), (1, EVERY), (2, WITHOUT_NAN))
        for shape in (VECTOR, TABLE, MAP, VOLUME, SCALAR)
        for count in (2, 3, 4)
    ),
    Row("Eltwise 0=2", (WHOLE, WHOLE), least_db=BITS, either_zero=True, profiles=WITHOUT_NAN),
    Row("Eltwise", (MAP, MAP), least_db=BITS),
    *(
        Row(f"Eltwise 0=1 -23301={factors}", (shape,) * int(factors[0]))
        for factors in ("2,1.0,-1.0", "2,0.25,3.0", "2,1,-1", "3,1.0,-1.0,0.5", "4,0.1,0.2,0.3,0.4")
        for shape in (MAP, SCALAR, VECTOR)
    ),
    Row("Eltwise 0=1 -23301=3,1.0,-1.0,2.0", (MAP, MAP)),
    Row("Eltwise 0=0 -23301=2,2.0,3.0", (MAP, MAP), least_db=BITS, either_zero=True),
    *(
        Row(f"Eltwise 0={number}", (MAP, MAP), refused="the engine refuses the number", why="a GraphError")
        for number in (3, -1)
    ),
    Row("Eltwise 0=1", (MAP,), refused="the engine crashes", why="a GraphError"),
    Row("Eltwise 0=1 -23301=1,2.0", (MAP, MAP), refused="the engine reads past the factors", why="a GraphError"),
    *(
        Row("Eltwise 0=1", (MAP, shape), refused="the engine reads past the end", why="an ExecutionError")
        for shape in ((1, 5, 7), (8, 1, 1), (8, 35))
    ),
)
