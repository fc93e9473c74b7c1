"""Padding: constant, replicated and reflected borders, constants per channel."""

from __future__ import annotations

from tests.layers.row import BITS, Row


def _row(words: str, *inputs: tuple[int, ...]) -> Row:
    return Row(f"Padding {words}", inputs, least_db=BITS)


def _refused(words: str, *inputs: tuple[int, ...], because: str) -> Row:
    return Row(f"Padding {words}", inputs, profiles=("normal",), refused=because, why="raises")


_CONSTANT = (
    _row("", (3, 4)),
    _row("2=1 3=2 5=-0.5", (5,)),
    _row("2=4 3=8 5=3", (12,)),
    _row("0=2 1=1 7=3 8=4", (4,)),
    _row("0=1 1=2 2=3 3=4 5=1.5", (3, 2)),
    _row("0=4 1=4 5=1.5", (8, 3)),
    _row("7=1 8=1 2=1", (3, 2)),
    _row("0=0 1=2 2=0 3=2 4=0 5=0.000000e+00 7=0 8=0", (4, 3, 3)),
    _row("0=1 1=2 2=1 3=2", (16, 3, 2)),
    _row("0=1 2=1 5=-1e-40", (1, 1, 1)),
    _row("0=9 1=8 2=7 3=6 5=7", (5, 2, 1)),
    _row("8=8", (16, 2, 3)),
    _row("7=1 8=2 0=1 5=-2", (3, 2, 3)),
    _row("7=4 8=4 3=1 5=-2", (8, 2, 3)),
    _row("7=1 8=2 0=1 2=1 5=0.25", (3, 2, 3, 2)),
    _row("7=1 5=0.25", (8, 1, 3, 2)),
)

_PER_CHANNEL = (
    _row("0=1 2=1 6=3", (3, 2, 3)),
    _row("1=1 3=1 6=16", (16, 2, 3)),
    _row("7=1 8=1 2=1 6=5", (3, 2, 2)),
    _row("7=4 8=4 2=1 6=16 5=9", (8, 2, 2)),
    _row("0=1 7=1 6=5", (5, 1, 2, 2)),
    _row("7=1 8=1 2=1 6=8", (8, 1, 1, 2)),
    _row("2=1 6=3 5=7", (4,)),
    _row("2=1 6=3 5=7", (2, 4)),
    _row("0=1 6=3 4=1", (3, 4, 2)),
    _refused("7=1 8=1 2=1 6=3", (3, 2, 2), because="reads behind the constants"),
)

_REPLICATED = (
    _row("2=3 3=2 4=1", (5,)),
    _row("2=4 3=4 4=1", (4,)),
    _row("0=3 1=2 2=1 3=4 4=1", (2, 3)),
    _row("0=4 1=4 4=1", (8, 3)),
    _row("0=3 1=2 2=1 3=4 4=1", (8, 2, 3)),
    _row("0=1 1=1 2=1 3=1 4=1", (3, 1, 1)),
    _row("7=2 8=3 4=1", (3, 2, 2)),
    _row("7=4 8=4 0=1 4=1", (4, 2, 2)),
    _row("7=2 8=1 0=1 3=2 4=1", (3, 2, 2, 2)),
    _row("7=1 2=1 4=1", (8, 1, 2, 2)),
)

_REFLECTED = (
    _row("2=3 3=2 4=2", (4,)),
    _row("2=4 3=4 4=2", (12,)),
    _row("0=1 1=2 2=3 3=1 4=2", (3, 4)),
    _row("0=4 1=4 4=2", (8, 3)),
    _row("0=1 1=2 2=3 3=1 4=2", (8, 3, 4)),
    _row("0=1 1=1 2=1 3=1 4=2", (5, 2, 2)),
    _row("7=2 8=2 4=2", (3, 2, 2)),
    _row("7=4 8=4 1=1 4=2", (8, 2, 2)),
    _row("7=4 8=2 4=2", (3, 2, 2)),
    _row("7=1 8=1 0=1 3=1 4=2", (3, 2, 2, 2)),
    _row("7=2 4=2", (2, 2, 1, 1)),
    _refused("2=4 4=2", (4,), because="reads in front of the blob"),
    _refused("0=3 4=2", (3, 2), because="reads behind the blob"),
    _refused("8=2 4=2", (2, 2, 1, 1), because="reads in front of the blob"),
    _refused("7=1 4=2", (1, 1, 1), because="reads in front of the blob"),
)

ROWS = (
    *_CONSTANT,
    *_PER_CHANNEL,
    *_REPLICATED,
    *_REFLECTED,
    _refused("2=1 4=3", (4,), because="refuses the parameter"),
    _refused("2=-1", (6,), because="reads in front of the blob"),
)
