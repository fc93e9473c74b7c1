"""Pooling."""

from __future__ import annotations

from tests.layers.row import BITS, WITHOUT_NAN, Row

ROWS = (
    Row("Pooling 0=1 4=1", ((3, 5, 4),)),
    Row("Pooling 0=0 1=3 2=2", ((5, 6, 7),), profiles=WITHOUT_NAN, least_db=BITS, either_zero=True),
)
