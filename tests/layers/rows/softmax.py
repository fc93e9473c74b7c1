"""Softmax, GLU and CumulativeSum: layers along one axis."""

from __future__ import annotations

from tests.layers.row import EVERY, FINITE, TAME, Row

ALONG = (
    (0, (1,)), (0, (2,)), (0, (10,)), (3, (13,)), (0, (1000,)),
    (0, (3, 5)), (1, (3, 5)), (0, (8, 5)), (1, (8, 5)), (-1, (12, 3)), (-2, (16, 7)), (0, (1, 5)), (1, (5, 1)),
    (0, (8, 2, 3)), (0, (3, 2, 3)), (1, (3, 4, 5)), (2, (3, 4, 5)), (1, (8, 4, 5)), (2, (4, 3, 9)), (-3, (5, 4, 3)),
    (0, (3, 2, 4, 5)), (1, (3, 2, 4, 5)), (2, (3, 2, 4, 5)), (3, (3, 2, 4, 5)),
    (0, (8, 2, 4, 5)), (1, (8, 2, 4, 5)), (2, (8, 2, 4, 5)), (-1, (4, 3, 2, 9)),
)  # fmt: skip

# The x86 form clamps what it takes exp of, which makes numbers of infinity and NaN; the portable one gives NaN.
WITH_FINITE = (*FINITE, "huge", "denormal", "big", "tiny")
# The wheel is compiled with -Ofast: 1 / infinity, where exp overflows, is NaN in its vectors and 0 elsewhere, as here.
WITHOUT_OVERFLOW = ("normal", "sparse", "denormal", "tiny", "nan")
# Along the rows the wheel adds in vectors, so that a sum may overflow earlier or later.
WITHOUT_HUGE = (*TAME, "big", "tiny", "infinite", "nan")


def _by_rows(axis: int, shape: tuple[int, ...]) -> bool:
    return len(shape) == 1 or axis in {-1, len(shape) - 1}


ROWS = (
    *(Row(f"Softmax 0={axis} 1=1", (shape,), profiles=WITH_FINITE) for axis, shape in ALONG),
    Row("Softmax", ((3, 2, 3),), profiles=WITH_FINITE),
    *(
        Row(f"CumulativeSum 0={axis}", (shape,), profiles=WITHOUT_HUGE if _by_rows(axis, shape) else EVERY)
        for axis, shape in ALONG
    ),
    *(
        Row(f"GLU 0={axis}", (shape,), profiles=WITHOUT_OVERFLOW)
        for axis, shape in ALONG
        if shape[0 if len(shape) == 1 else axis] > 1
    ),
    Row("GLU", ((1, 4),), refused="the output is empty", why="refused: half of one index is nothing"),
    Row("GLU 0=2", ((6, 4),), refused="it fails", why="refused"),
    Row("CumulativeSum 0=3", ((6, 4, 2),), refused="it fails", why="refused"),
    Row("Softmax 0=2 1=1", ((6, 4),), refused="it leaves the blob as it is", why="refused: a mistake in the model"),
)
