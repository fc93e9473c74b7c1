"""Shapes under which the same elements stand: Reshape with its expressions and batch axes, Squeeze, ExpandDims."""

from __future__ import annotations

from tests.layers.row import BITS, Row


def _row(words: str, *inputs: tuple[int, ...]) -> Row:
    return Row(words, inputs, least_db=BITS)


def _refused(words: str, *inputs: tuple[int, ...], because: str) -> Row:
    return Row(words, inputs, profiles=("normal",), refused=because, why="raises")


_RESHAPE = (
    _row("Reshape 0=-1", (3, 4, 5)),
    _row("Reshape 0=24", (4, 6)),
    _row("Reshape 0=0", (7,)),
    _row("Reshape 0=4 1=-1", (12,)),
    _row("Reshape 0=-1 1=8", (16, 3, 2)),
    _row("Reshape 0=6 1=5", (5, 3, 2)),
    _row("Reshape 0=0 1=-1", (4, 3, 5)),
    _row("Reshape 0=64 1=2 2=-1", (3, 128)),
    _row("Reshape 0=2 1=3 2=4", (24,)),
    _row("Reshape 0=2 1=-1 2=0", (12, 3, 4)),
    _row("Reshape 0=0 1=0 2=-1", (4, 6)),
    _row("Reshape 0=-1 1=1 2=8", (16, 6)),
    _row("Reshape 0=2 1=2 11=3 2=4", (8, 6)),
    _row("Reshape 0=0 1=-1 11=2 2=0", (3, 4, 6)),
    _row("Reshape 0=0 1=0 11=0 2=-1", (3, 4, 6)),
    _row("Reshape 0=5 1=2 11=-1 2=4", (4, 3, 2, 5)),
    _row("Reshape 0=30 1=4", (4, 3, 2, 5)),
    _row("Reshape 0=10 1=3 2=4 3=1", (4, 3, 2, 5)),
    _row("Reshape 0=48 11=2", (2, 4, 6)),
    _refused("Reshape 0=5 1=3", (12,), because="its versions disagree whether the elements must fill the shape"),
    _refused("Reshape 0=-1 1=-1", (12,), because="makes extents below 0"),
    _refused("Reshape 1=3", (12,), because="refuses a shape without a width"),
    _refused("Reshape", (12,), because="refuses a shape without a width"),
)

_EXPRESSIONS = (
    _row('Reshape 6="0w,0h"', (4, 6)),
    _row('Reshape 6="*(0w,0h),0c"', (8, 3, 5)),
    _row('Reshape 6="-1"', (8, 3, 5)),
    _row('Reshape 6="0h,0w,0c"', (4, 3, 5)),
    _row('Reshape 6="//(0w,2),2,0h,0c" 0=7', (3, 4, 6)),
    _row('Reshape 6="/(0w,2),2,-1"', (3, 4, 6)),
    _row('Reshape 6="0,0,-1"', (4, 6)),
    _row('Reshape 6="1w,1h,-1"', (4, 6), (2, 3)),
    _row('Reshape 6="1w,1h,128"', (128, 6), (2, 3)),
    _row('Reshape 6="2c,1w,-1"', (4, 6, 5), (7, 5), (3, 2, 2)),
    _row('Reshape 6="max(0w,0h),min(0w,0h)"', (4, 6)),
    _row('Reshape 6="0w,0d,0h,0c"', (4, 2, 3, 5)),
    _refused('Reshape 6="1w,-1"', (4, 6), because="refuses an input that is not there"),
    _refused('Reshape 6="0w,0h"', (4, 6), (4, 6), because="refuses a second bottom that is not referred to"),
    _refused('Reshape 6="nonsense,-1"', (4, 6), because="refuses the expression"),
    _refused('Reshape 6="1,2,3,2,2"', (4, 6), because="knows no rank of 5"),
    _refused('Reshape 6="(0w,0h"', (4, 6), because="refuses the expression"),
    _refused('Reshape 6="//(24,0d),//(0w,-(0d,1))"', (4, 6), because="refuses to divide by zero"),
)

_BATCH_AXES = (
    _row("Reshape 0=6 1=4 2=2 12=0", (2, 4, 6)),
    _row("Reshape 0=6 1=8 2=1 12=0 13=0", (2, 4, 6)),
    _row("Reshape 0=6 1=8 2=1 13=0", (2, 4, 6)),
    _row("Reshape 0=1 1=48 13=1", (2, 4, 6)),
    _row("Reshape 0=1 1=48 13=-1", (2, 4, 6)),
    _row("Reshape 0=0 1=-1 12=0", (2, 4, 6)),
    _row("Reshape 0=4 1=-1 2=0 12=0 13=0", (2, 4, 6)),
    _row('Reshape 6="6,4,2,1,1" 13=0', (2, 4, 6)),
    _row('Reshape 6="6,2,2,1,2" 13=1 12=3', (2, 4, 6)),
    _row('Reshape 6="6,2,2,1,2" 13=-4 12=-1', (2, 4, 6)),
    Row(
        "Reshape 0=6 1=4 2=2 12=0 13=0",
        ((2, 4, 6),),
        profiles=("normal",),
        refused="gives a batch of two samples, of which its binding shows one",
        why="raises",
    ),
    _refused("Reshape 0=0 1=0 2=0 12=0", (2, 4, 6), because="refuses elements that do not fill the shape"),
    _refused("Reshape 0=48 13=0", (2, 4, 6), because="refuses a shape that is nothing but samples"),
    _refused('Reshape 6="6,2,2,1,2" 13=1 12=5', (2, 4, 6), because="refuses an axis that is not there"),
)

_ONES = (
    _row("Squeeze", (1, 3)),
    _row("Squeeze 0=1", (1,)),
    _row("Squeeze 1=1", (1,)),
    _row("Squeeze 0=1 1=1", (1, 1)),
    _row("Squeeze 0=1 1=1", (4, 1)),
    _row("Squeeze 0=1 1=1 2=1 11=1", (1, 1, 1)),
    _row("Squeeze 0=1 1=1 2=1 11=1", (8, 1, 1)),
    _row("Squeeze 1=1", (4, 1, 3)),
    _row("Squeeze 0=1 11=1", (5, 1, 3, 1)),
    _row("Squeeze 2=1", (1, 2, 3, 4)),
    _row("Squeeze 3=0,2", (1, 3, 1)),
    _row("Squeeze 3=3, 0=1", (1, 3, 1)),
    _row("Squeeze 3=-3,-1", (1, 1, 4)),
    _row("Squeeze 3=1,", (3, 4, 5)),
    _row("Squeeze 3=0,1,2,3", (1, 1, 1, 1)),
    _row("Squeeze 3=0,-2", (1, 4, 1, 3)),
    _row("ExpandDims", (3,)),
    _row("ExpandDims 3=0,", (4,)),
    _row("ExpandDims 3=-1,", (4,)),
    _row("ExpandDims 3=0,1,2", (3,)),
    _row("ExpandDims 3=1,2,3", (4,)),
    _row("ExpandDims 3=0,-1", (8,)),
    _row("ExpandDims 3=0,", (3, 4)),
    _row("ExpandDims -23303=1,1", (3, 4)),
    _row("ExpandDims 3=2,", (3, 4)),
    _row("ExpandDims 3=-2,1", (3, 4)),
    _row("ExpandDims 3=0,3", (8, 4)),
    _row("ExpandDims 3=1,", (3, 4, 5)),
    _row("ExpandDims 3=-2,", (4, 3, 5)),
    _row("ExpandDims 3=0,", (2, 1, 2, 2)),
    _row("ExpandDims 3=0,1", (2, 3, 4)),
    _refused("ExpandDims 3=7,", (3,), because="refuses the parameter"),
    Row("ExpandDims 3=1,1", ((3,),), profiles=("normal",), refused="adds an axis it was not told of", why="raises"),
)

ROWS = (*_RESHAPE, *_EXPRESSIONS, *_BATCH_AXES, *_ONES)
