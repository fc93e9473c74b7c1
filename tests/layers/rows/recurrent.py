"""RNN, LSTM, GRU.

The LSTM of x86 has sigmoid and tanh of its own, made of an exp whose clamping lets no NaN through and whose results for
sums beyond all bounds are not quite 0 or 1: its rows keep to values that leave the sums finite.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric.formats import FloatArray
from tests.layers.row import EVERY, FINITE, TAME, Row, Shape, plain

TO_CODES = (*FINITE, "huge", "denormal")
"""In int8 every step is scaled to codes by its largest magnitude; NaN and infinity have no defined code."""


def resting(rng: np.random.Generator, profile: str, shape: Shape) -> FloatArray:
    """Every other step is 0 throughout, so that it has no largest magnitude."""
    values = plain(rng, profile, shape)
    values[::2] = 0
    return values


def _rows(kind: str, gates: int, floats: tuple[str, ...], codes: tuple[str, ...]) -> tuple[Row, ...]:
    """A row per direction, count of features and units, and way to pass states; fp32 and int8."""
    tops = 3 if kind == "LSTM" else 2

    def words(outputs: int, features: int, direction: int = 0, more: str = "") -> str:
        size = gates * outputs * features * (2 if direction == 2 else 1)
        return f"{kind} 0={outputs} 1={size} 2={direction}{more}"

    def states(*shape: int) -> tuple[tuple[int, ...], ...]:
        return (shape,) * (tops - 1)

    return (
        Row(words(4, 3), ((5, 3),), profiles=floats),
        Row(words(4, 3, 1), ((5, 3),), profiles=floats),
        Row(words(5, 7, 2), ((4, 7),), profiles=floats),
        Row(words(8, 16, 2), ((12, 16),), profiles=floats),
        Row(words(1, 1), ((1, 1),), profiles=floats),
        Row(words(4, 6), ((6,),), profiles=floats),
        Row(words(4, 6), ((3, 2, 6),), profiles=floats),
        Row(words(3, 6), ((2, 3, 2, 6),), profiles=floats),
        Row(words(4, 3), ((5, 3), *states(1, 4)), tops=tops, profiles=floats),
        Row(words(4, 3, 1), ((5, 3), *states(4)), tops=tops, profiles=floats),
        Row(words(4, 3, 2), ((5, 3), *states(2, 4)), tops=tops, profiles=floats),
        Row(words(4, 3, 2), ((5, 3), *states(2, 4)), profiles=floats),
        Row(words(4, 3), ((5, 3), *states(1, 1, 4)), tops=tops, profiles=floats),
        Row(words(7, 3, 2), ((3, 3),), tops=tops, profiles=floats),
        Row(words(4, 3, 0, " 8=2"), ((5, 3),), profiles=codes),
        Row(words(4, 3, 1, " 8=2"), ((5, 3),), profiles=codes),
        Row(words(5, 7, 2, " 8=2"), ((4, 7),), profiles=codes),
        Row(words(8, 16, 2, " 8=2"), ((12, 16),), profiles=codes),
        Row(words(4, 3, 2, " 8=2"), ((5, 3), *states(2, 4)), tops=tops, profiles=codes),
        Row(words(19, 37, 0, " 8=2"), ((2, 37),), profiles=codes),
        Row(
            words(3, 6, 0, " 8=2"),
            ((3, 2, 6),),
            profiles=codes,
            refused="the portable code mixes up the scales of steps and maps",
            why="refused",
        ),
        Row(words(3, 6, 0, " 8=2"), ((6,),), profiles=codes),
        Row(words(4, 6, 0, " 8=2"), ((7, 6),), profiles=codes, fed={0: resting}),
        Row(words(4, 3), ((5, 4),), refused="reads past the rows of the weight", why="refused"),
        Row(words(4, 3, 2), ((5, 3), *states(1, 4)), refused="reads a state that is not there", why="refused"),
    )


ROWS = (
    *_rows("RNN", 1, EVERY, TO_CODES),
    *_rows("GRU", 3, EVERY, TO_CODES),
    *_rows("LSTM", 4, TAME, TAME),
    Row("LSTM 0=3 1=72 3=6", ((5, 3),), profiles=TAME),
    Row("LSTM 0=8 1=96 2=2 3=4", ((5, 3), (2, 8), (2, 4)), tops=3, profiles=TAME),
    Row("LSTM 0=3 1=72 3=6 8=2", ((5, 3),), profiles=TAME),
    Row("LSTM 0=8 1=96 2=2 3=4 8=2", ((5, 3), (2, 8), (2, 4)), tops=3, profiles=TAME),
    # one state alone is ignored
    Row("LSTM 0=4 1=48", ((5, 3), (1, 4)), profiles=TAME),
)
