"""ROIPooling, PSROIPooling and ROIAlign."""

from __future__ import annotations

import math

import numpy as np

from maskctl.numeric.formats import FloatArray
from tests.layers.row import BITS, EVERY, FINITE, WITHOUT_NAN, Made, Row, Shape

WITHOUT_HUGE = tuple(profile for profile in EVERY if profile != "huge")


def box(x1: float, y1: float, x2: float, y2: float) -> dict[int, Made]:
    """A box of this size in every sample, moved by some pixels from one to the next."""

    def made(rng: np.random.Generator, _: str, shape: Shape) -> FloatArray:
        values = np.zeros(math.prod(shape), np.float32)
        values[:4] = np.array([x1, y1, x2, y2]) + np.tile(rng.integers(-1, 2, 2), 2)
        return values.reshape(shape)

    return {1: made}


def _exact(words: str, shape: Shape, corners: tuple[float, float, float, float], rois: Shape = (4,)) -> Row:
    # The engine divides by an approximate reciprocal here, so bins must not come out even. For NaN see pooling.py.
    words = f"ROIPooling {words}"
    return Row(words, (shape, rois), profiles=WITHOUT_NAN, least_db=BITS, fed=box(*corners), either_zero=True)


ROWS = (
    _exact("0=4 1=2", (3, 7, 9), (1, 1, 7, 5)),
    _exact("0=6 1=6 2=0.0625", (8, 20, 30), (33, 50, 285, 240)),
    _exact("0=7 1=7", (4, 5, 6), (0, 0, 5, 4)),
    _exact("0=3 1=3", (5, 6, 7), (1.49, 1.5, 4.75, 5.25)),
    _exact("0=2 1=3 2=0.5", (5, 6, 7), (4, 4, 3, 2)),
    _exact("0=2 1=2", (3, 6, 7), (-5, -4, 3, 30)),
    _exact("0=2 1=2", (1, 1, 1), (0, 0, 0, 0)),
    _exact("0=3 1=3", (16, 6, 7), (20, 20, 29, 29)),
    _exact("0=2 1=2", (3, 6, 7), (1, 2, 5, 4), (5, 1, 4)),
    _exact("0=2 1=2", (3, 6, 8), (1, 2, 5, 4), (3, 4)),
    Row(
        "ROIPooling 0=2 1=2",
        ((3, 7, 9), (4,)),
        fed=box(1, 1, 6, 6),
        refused="the x86 build divides by an approximate reciprocal: bins that come out even start a row too early",
        why="divides",
    ),
    Row("PSROIPooling 0=2 1=3 2=1.0 3=2", ((12, 7, 9), (4,)), fed=box(1, 1, 6, 5)),
    Row("PSROIPooling 3=2", ((98, 14, 14), (4,)), fed=box(30, 40, 200, 220)),
    Row("PSROIPooling 3=8", ((392, 9, 12), (5, 1, 4)), fed=box(0, 0, 190, 143)),
    Row("PSROIPooling 0=3 1=3 2=0.5 3=1", ((9, 5, 6), (4,)), fed=box(-8, -3, 7, 40)),
    Row("PSROIPooling 0=3 1=3 2=0.5 3=1", ((9, 6, 5), (4,)), fed=box(4, 3, 4, 3)),
    Row("PSROIPooling 0=2 1=2 2=1.0 3=3", ((12, 4, 4), (4,)), fed=box(30, 30, 40, 50)),
    Row("PSROIPooling 0=2 1=2 3=3", ((11, 4, 4), (4,)), refused="the channels do not match", why="refuses, too"),
    Row("ROIAlign 0=3 1=2", ((3, 7, 9), (4,)), fed=box(1, 1, 6, 5)),
    Row("ROIAlign 0=7 1=7 2=0.0625 3=2", ((8, 20, 30), (4,)), fed=box(33, 50, 300, 250)),
    Row("ROIAlign 0=7 1=7 2=0.0625 3=2 5=1", ((8, 20, 30), (4,)), fed=box(33, 50, 300, 250)),
    Row("ROIAlign 0=7 1=7 2=0.25 3=2 4=1 5=1", ((5, 20, 30), (4,)), fed=box(33, 5, 90, 50)),
    # Without huge: such terms cancel here.
    Row("ROIAlign 0=2 1=2 4=1 5=1", ((4, 20, 30), (5, 1, 4)), profiles=WITHOUT_HUGE, fed=box(3, 2, 24, 17)),
    Row("ROIAlign 0=2 1=3 5=1", ((3, 6, 7), (4,)), fed=box(-5, -4, 10, 12)),
    Row("ROIAlign 0=2 1=3 4=1", ((3, 9, 8), (4,)), fed=box(3, 2, 6, 7)),
    Row("ROIAlign 0=2 1=3 4=1 5=1", ((3, 9, 8), (4,)), fed=box(6, 7, 3, 2)),
    Row("ROIAlign 0=2 1=2", ((3, 9, 8), (4,)), fed=box(3, 2, 3, 2)),
    # The x86 code multiplies the first pixel by 0 for points outside of the map.
    Row("ROIAlign 0=2 1=2 3=3 5=1", ((1, 1, 1), (4,)), profiles=FINITE, fed=box(0, 0, 1, 1)),
    Row("ROIAlign 0=2 1=2 3=3 5=1", ((16, 5, 6), (4,)), fed=box(4, 3, 6, 5)),
    Row("ROIAlign 0=2 1=2 3=1", ((3, 5, 6), (4,)), fed=box(40, 30, 60, 50)),
    Row(
        "ROIAlign 0=2 1=2 3=2",
        ((3, 5, 6), (4,)),
        fed=box(-6, -6, 3, 3),
        refused="version 0 spreads the points of cut bins past the map and reads what is behind it",
        why="takes the last pixels for them",
    ),
)
