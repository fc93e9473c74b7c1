"""Pooling, Pooling1D, Pooling3D and StatisticsPooling; more windows of Pooling are in `test_against_ncnn.py`."""

from __future__ import annotations

from collections.abc import Iterator

from tests.layers.row import BITS, EVERY, WITHOUT_NAN, Row, Shape

WITHOUT_HUGE = tuple(profile for profile in EVERY if profile != "huge")
WINDOWS = ("", "3=1", "2=2", "2=2 3=1 5=1", "2=2 3=2 14=1", "2=3 5=2", "2=2 5=3", "2=2 3=1 5=2", "2=3 3=1 5=3 14=2")


def _max(words: str, shape: Shape) -> Row:
    # x86 keeps NaN in a maximum or drops it by its place in the window: it takes the later element where either is NaN.
    # arm64, and maskctl, keep it in Pooling and drop it in adaptive pooling and over one or three axes.
    return Row(words, (shape,), profiles=WITHOUT_NAN, least_db=BITS, either_zero=True)


def _pooling() -> Iterator[Row]:
    for channels in (3, 4, 5, 8, 12, 16):
        yield _max("Pooling 0=0 1=3 2=2", (channels, 6, 7))
        yield Row("Pooling 0=1 1=3 2=2 3=1 6=0", ((channels, 6, 7),))
        # Unpacked maps are summed in several lanes, so that huge sums overflow elsewhere.
        yield Row("Pooling 0=1 4=1", ((channels, 5, 4),), profiles=EVERY if channels % 4 == 0 else WITHOUT_HUGE)
    yield _max("Pooling 0=0 4=1", (5, 3, 5))
    yield _max("Pooling 0=0 1=3 2=1 3=1", (3, 5, 6))
    yield _max("Pooling 0=0 1=13 3=6 5=1", (8, 7, 7))
    yield _max("Pooling 0=0 1=3 3=4 5=1", (4, 1, 1))
    yield _max("Pooling 1=2 2=2 14=1 15=1 5=1", (3, 5, 5))
    yield _max("Pooling 0=0 1=3 11=1 2=2 12=1", (5, 1, 9))
    yield Row("Pooling 0=1 1=5 11=2 3=2 14=1 13=1 15=0 5=1 6=1", ((5, 4, 6),))
    yield Row("Pooling 0=1 1=3 2=2 3=1 5=2", ((3, 6, 7),))
    # A map smaller than the window: C's remainder of a negative number makes mode "full" fit it.
    yield _max("Pooling 0=0 1=4 2=2", (3, 3, 5))
    yield Row("Pooling 0=1 1=5 2=3", ((3, 3, 4),))
    yield Row("Pooling 0=1 1=5 2=2", ((3, 2, 7),))
    yield Row("Pooling 0=1 1=3 5=7", ((3, 6, 7),), refused="refuses the model", why="refuses, too")
    yield Row("Pooling 0=0 1=7 2=2 5=1", ((3, 6, 6),), refused="the window does not fit", why="refuses, too")


def _adaptive() -> Iterator[Row]:
    for size, shape in (
        ("8=1", (3, 5, 7)),
        ("8=2", (8, 5, 7)),
        ("8=3 18=2", (4, 5, 7)),
        ("8=-233 18=2", (5, 6, 3)),
        ("8=3 18=-233", (1, 6, 7)),
        ("8=7 18=5", (3, 5, 7)),
        ("8=9 18=4", (16, 3, 4)),
    ):
        yield _max(f"Pooling 0=0 7=1 {size}", shape)
        yield Row(f"Pooling 0=1 7=1 {size}", (shape,))
    for outputs, length in ((1, 7), (3, 7), (5, 5), (4, 3)):
        yield _max(f"Pooling1D 0=0 7=1 8={outputs}", (5, length))
        yield Row(f"Pooling1D 0=1 7=1 8={outputs}", ((5, length),))
    for size in ("8=1", "8=2", "8=3 18=2 28=4", "8=-233 18=2 28=1", "8=4 18=5 28=3"):
        yield _max(f"Pooling3D 0=0 7=1 {size}", (3, 3, 5, 4))
        yield Row(f"Pooling3D 0=1 7=1 {size}", ((3, 3, 5, 4),))


def _axes() -> Iterator[Row]:
    for window in WINDOWS:
        yield _max(f"Pooling1D 0=0 1=3 {window}", (5, 9))
        yield Row(f"Pooling1D 0=1 1=3 {window}", ((4, 9),))
        yield Row(f"Pooling1D 0=1 1=3 {window} 6=1", ((1, 10),))
        yield _max(f"Pooling3D 0=0 1=3 {window}", (3, 4, 5, 6))
        yield Row(f"Pooling3D 0=1 1=3 {window}", ((4, 5, 4, 6),))
        yield Row(f"Pooling3D 0=1 1=3 {window} 6=1", ((1, 6, 5, 4),))
    for kind in (0, 1):
        make = _max if kind == 0 else lambda words, shape: Row(words, (shape,))
        yield make(f"Pooling1D 0={kind} 4=1", (7, 5))
        yield make(f"Pooling3D 0={kind} 4=1", (8, 2, 3, 4))
        yield make(f"Pooling3D 0={kind} 1=2 11=3 21=1 2=1 12=2 22=3 3=1 13=0 23=2 14=0 15=1 16=1", (5, 3, 6, 4))
        yield make(f"Pooling3D 0={kind} 1=2 2=1 5=3", (3, 3, 3, 3))


ROWS = (
    *_pooling(),
    *_adaptive(),
    *_axes(),
    Row("StatisticsPooling", ((5, 3, 4),)),
    Row("StatisticsPooling 0=1", ((8, 3, 4),)),
    Row("StatisticsPooling 0=1", ((3, 2, 3, 4),)),
    Row("StatisticsPooling 0=1", ((7, 9),)),
    Row("StatisticsPooling 0=1", ((12,),)),
    Row("StatisticsPooling 0=1", ((4, 1, 1),)),
)
