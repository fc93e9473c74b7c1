"""Crop, in all the ways a part of a blob is named."""

from __future__ import annotations

import numpy as np

from tests.layers.row import BITS, Made, Row

_BEYOND = "reads outside the blob"


def _row(words: str, *inputs: tuple[int, ...]) -> Row:
    return Row(f"Crop {words}", inputs, least_db=BITS)


def _refused(words: str, *inputs: tuple[int, ...], because: str) -> Row:
    return Row(f"Crop {words}", inputs, profiles=("normal",), refused=because, why="raises")


def _exactly(*values: int) -> Made:
    return lambda _rng, _profile, shape: np.array(values, np.int32).reshape(shape)


def _by_integers(shape: tuple[int, ...], *values: int, laid_out: tuple[int, ...] | None = None) -> Row:
    return Row("Crop 0=-233", (shape, laid_out or (len(values),)), least_db=BITS, fed={1: _exactly(*values)})


_OFFSETS = (
    _row("0=1 3=3", (8,)),
    _row("3=-233 6=2", (8,)),
    _row("0=4 3=-233", (12,)),
    _row("0=1 1=2 3=-233 4=1", (5, 4)),
    _row("1=4 3=9 4=4", (12, 3)),
    _row("3=2 4=-233 5=-233", (3, 4, 5)),
    _row("0=1 3=-233 4=-233 5=-233 6=1", (4, 4, 5)),
    _row("2=64 3=52 4=52 5=64", (128, 5, 6)),
    _row("2=4 3=2 4=2 5=8 7=1", (16, 3, 2)),
    _row("3=-233 4=-233 5=-233 6=1 7=1 8=1", (5, 4, 3)),
    _row("3=9 4=9 5=9", (3, 4, 5)),
    _row("0=1 1=1 13=1 2=1 3=2 4=2 14=1 5=2", (4, 3, 4, 5)),
    _row("3=-233 4=-233 14=-233 5=-233 6=1 15=1", (4, 3, 4, 5)),
    _refused("3=0 6=1", (8,), because="makes no empty blob"),
    _refused("3=2", (4, 4), because="makes no empty blob: outh is 0"),
    _refused("3=-233 6=-2", (8,), because=_BEYOND),
    _refused("3=2", (8,), (3,), because="refuses a second bottom"),
)

_LISTS = (
    _row("9=2, 10=5,", (8,)),
    _row("9=-233, 10=-2,", (9,)),
    _row("9=-4, 10=-233, 11=0,", (8,)),
    _row("9=1,2 10=3,0", (5, 4)),
    _row("9=4, 10=8, 11=0,", (12, 3)),
    _row("-23309=1,1 -23310=1,0 -23311=1,2", (3, 4, 5)),
    _row("-23309=1,116 -23310=1,232 -23311=1,0", (232, 2, 3)),
    _row("9=1,1 10=-1,2 11=0,1", (3, 4, 5)),
    _row("9=-2,-233,-3 10=-233,-1,0", (3, 4, 5)),
    _row("9=1, 10=100, 11=-1,", (4, 3, 5)),
    _row("9=0, 10=1, 11=-2,", (4, 3, 5)),
    _row("9=1,1,0,2 10=3,3,2,4", (4, 3, 3, 5)),
    _row("9=1,-1 10=2,0 11=1,-1", (4, 3, 3, 5)),
    _row("9=1,2 10=4,5 11=0,0", (8, 3)),
    _refused("9=-20, 10=3, 11=0,", (3, 4, 5), because=_BEYOND),
    _refused("9=3, 10=3, 11=0,", (3, 4, 5), because="makes no empty blob"),
    _refused("9=1, 10=3, 11=5,", (3, 4, 5), because="refuses the parameter"),
    _refused("9=1, 10=3,4", (3, 4), because="refuses lists of different lengths"),
)

_EXPRESSIONS = (
    _row('19="2" 20="-(0w,1)" 21="0"', (8,)),
    _row('19="1,//(0h,2)" 20="-1,0h" 21="1,0"', (6, 5)),
    _row('19="0,1" 20="1h,+(1w,1)" 21="0,1"', (6, 8), (4, 5)),
    _row('19="-(0c,1c)" 20="0c" 21="0"', (6, 4, 5), (2, 4, 5)),
    _row('19="-233,1" 20="2w,-233" 21="2,1"', (4, 4, 5), (2,), (3,)),
    _row('19="1,0,1,2" 20="0c,1,0h,0w" 21="0,1,2,3" 9=1, 10=2,', (3, 4, 3, 5)),
    _refused('19="1" 20="3"', (8,), because="crashes without axes"),
    _refused('19="1" 20="1w" 21="0"', (8,), because="crashes: the input is not there"),
    _refused('19="1" 20="3" 21="0"', (8,), (8,), because="refuses a second bottom that is not referred to"),
    _refused('19="1" 20="w" 21="0"', (8,), because="finds no such expression"),
)

_REFERENCES = (
    _row("0=2", (8,), (5,)),
    _row("0=1 1=1", (4, 5), (3, 2)),
    _row("0=1 1=1 2=1", (3, 4, 5), (2, 2, 2)),
    _row("0=1 1=1", (4, 4, 5), (2, 3)),
    _row("", (4, 4, 5), (3,)),
    _row("0=1 1=1 2=1", (3, 4, 5), (3, 4, 5)),
    _row("2=4", (12, 4, 5), (8, 3, 3)),
    _row("13=1 2=1", (4, 4, 3, 5), (2, 3, 2, 4)),
    _row("13=1", (4, 4, 3, 5), (2, 3, 2)),
    _row("1=1", (6, 5), (7, 4, 3)),
    _refused("0=1", (3, 4, 5), (3, 4, 9), because=_BEYOND),
    _refused("0=1", (8,), because="finds no second bottom"),
)

_INTEGERS = (
    _by_integers((10,), 2, 9, 9, 5),
    _by_integers((4, 5), 2, 1, 9, 2, 3),
    _by_integers((3, 4, 5), 1, 1, 1, 3, 2, 2),
    _by_integers((16, 4, 5), 0, 2, 8, 5, 2, 8, 77),
    _by_integers((3, 4, 5), 1, 1, 1, 3, 2, 2, laid_out=(2, 3)),
    _by_integers((3, 4, 3, 5), 1, 0, 2, 1, 3, 2, 2, 2),
    _by_integers((3, 4), 3, 3, 3, 4, 3),
    Row(
        "Crop 0=-233", ((8,), (4,)), profiles=("normal",), fed={1: _exactly(5, 0, 0, 9)}, refused=_BEYOND, why="raises"
    ),
    Row("Crop 0=-233", ((8,), (3,)), profiles=("normal",), fed={1: _exactly(5, 0, 0)}, refused=_BEYOND, why="raises"),
)

ROWS = (*_OFFSETS, *_LISTS, *_EXPRESSIONS, *_REFERENCES, *_INTEGERS)
