"""Unfold and Fold."""

from __future__ import annotations

from tests.layers.row import BITS, Row, Shape


def _unfold(words: str, shape: Shape) -> Row:
    return Row(f"Unfold {words}", (shape,), least_db=BITS)


ROWS = (
    _unfold("1=3", (3, 5, 6)),
    _unfold("1=3 4=1", (4, 5, 6)),
    _unfold("1=2 11=3 2=2 12=1 3=2 13=1", (5, 6, 7)),
    _unfold("1=3 4=1 15=2 14=0 16=3 18=-1.5", (3, 4, 5)),
    _unfold("1=3 3=2 4=-233", (3, 5, 6)),
    _unfold("1=2 3=1 4=-234 18=0.25", (3, 5, 6)),
    _unfold("1=1", (8, 3, 4)),
    _unfold("1=3 4=4", (16, 1, 1)),
    _unfold("1=3 4=1 2=2 4=2", (12, 4, 1)),
    Row("Fold 1=3 20=6 21=5", ((27, 12),)),
    Row("Fold 1=2 3=2 20=6 21=4", ((16, 6),)),
    Row("Fold 1=3 4=1 20=6 21=5", ((9, 30),)),
    Row("Fold 1=2 11=3 2=2 12=1 3=2 13=1 20=7 21=6", ((30, 12),)),
    Row("Fold 1=3 4=1 15=2 14=0 16=3 20=5 21=4", ((36, 30),)),
    Row("Fold 1=2 3=3 20=7", ((12, 4),)),
    Row("Fold 1=3 4=2 20=1", ((72, 9),)),
    Row("Fold 1=1 20=4 21=3", ((8, 12),)),
    Row("Fold 1=3 20=6 21=5", ((27, 11),), refused="the number of positions is not checked", why="refuses"),
)
