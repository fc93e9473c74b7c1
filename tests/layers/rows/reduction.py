"""Reduction: every operation, and every set of axes of ranks 1 to 4."""

from __future__ import annotations

from itertools import combinations

from tests.layers.row import EVERY, TAME, WITHOUT_NAN, Row, Shape

SUM, ASUM, SUMSQ, MEAN, MAX, MIN, PROD, L1, L2, LOG_SUM, LOG_SUM_EXP = OPERATIONS = range(11)
SHAPES: tuple[Shape, ...] = ((5, 4), (8, 3), (3, 4, 5), (8, 3, 2), (3, 2, 4, 5), (4, 3, 2, 5))

# Whether a sum of large values overflows depends on its order.
ORDERLY = (*TAME, "big", "tiny", "infinite", "nan")
# By their C++ maxima and minima pass over NaN, as here; x86 vectors keep or drop it by its place in them.
PICKED = (*WITHOUT_NAN, "big", "tiny")
# sqrt(infinity) is NaN in the wheel's vectors and infinite elsewhere, as here; sqrt(NaN) is 0 there.
ROOTED = (*TAME, "big", "tiny")
# The wheel's vectors clamp what they take exp of to 88.37; elsewhere, as here, it overflows.
SMALL = ("normal", "sparse", "denormal", "tiny")
PROFILES = {
    **dict.fromkeys((SUM, MEAN, LOG_SUM), ORDERLY),
    **dict.fromkeys((MAX, MIN), PICKED),
    L2: ROOTED,
    LOG_SUM_EXP: SMALL,
}


def _reduction(operation: int, shape: Shape, axes: tuple[int, ...] = (), more: str = "") -> Row:
    words = [f"Reduction 0={operation}", more]
    if axes:
        words.append(f"1=0 -23303={len(axes)},{','.join(map(str, axes))} 5=1")
    return Row(" ".join(word for word in words if word), (shape,), profiles=PROFILES.get(operation, EVERY))


def _sets(rank: int) -> list[tuple[int, ...]]:
    return [axes for count in range(1, rank + 1) for axes in combinations(range(rank), count)]


ROWS = (
    *(
        _reduction(operation, shape)
        for operation in OPERATIONS
        for shape in ((1,), (13,), (5, 4), (8, 3, 2), (3, 4, 5), (3, 2, 4, 5))
    ),
    *(
        _reduction(operation, shape, axes, keep)
        for operation, keep in ((MAX, ""), (MEAN, "4=1"))
        for shape in SHAPES
        for axes in _sets(len(shape))
    ),
    *(
        _reduction(operation, (8, 5, 4), axes, "2=0.5")
        for operation in OPERATIONS
        for axes in ((0,), (1, 2), (-1,), (-3, 1))
    ),
    *(_reduction(SUM, (8, 5, 4), axes) for axes in ((1, 1), (1, 3), (1, -4), (3,))),
    _reduction(SUM, (7,), (2,)),
    _reduction(MEAN, (7,), (0,), "4=1"),
    Row("Reduction 0=1 1=0 2=2.0", ((3, 4, 5),)),
    Row("Reduction 0=4 1=0 4=1", ((3, 2, 4, 5),), profiles=PICKED),
    Row("Reduction 0=3 1=1 4=1", ((3, 4, 5),), profiles=ORDERLY),
)
