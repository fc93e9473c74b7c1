"""Spectrogram and InverseSpectrogram.

Infinities, NaN and sums that overflow are left out: the engine is built with -Ofast, which takes 0 times NaN for 0 where
the sine is 0, and adds up in an order of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.layers.row import TAME, Row

REFUSED = "it refuses the model"

SPECTROGRAMS = (
    # as in the engine's own tests
    Row("Spectrogram 0=1 1=0 2=1 3=1 4=0 5=1 6=0 7=0 8=0", ((17,),)),
    Row("Spectrogram 0=17 1=0 2=7 3=15 4=0 5=0 6=0 7=1 8=0", ((39,),)),
    Row("Spectrogram 0=10 1=0 2=2 3=7 4=1 5=1 6=1 7=1 8=1", ((128,),)),
    Row("Spectrogram 0=17 1=1 2=14 3=17 4=2 5=0 6=0 7=0 8=1", ((255,),)),
    Row("Spectrogram 0=55 1=2 2=12 3=55 4=1 5=1 6=2 7=2 8=0", ((124,),)),
    Row("Spectrogram 0=16", ((100,),)),
    Row("Spectrogram 0=16 4=1 8=0", ((100,),)),
    Row("Spectrogram 0=15 1=1 2=20 4=2 6=1 7=2", ((60,),)),
    Row("Spectrogram 0=8 1=2 6=0 8=0", ((5,),)),
    Row("Spectrogram 0=8", ((5,),)),
    Row("Spectrogram 0=8 6=1", ((1,),)),
    Row("Spectrogram 0=8 5=2 3=1 4=1", ((8,),)),
    Row("Spectrogram 0=8 5=0 8=2 4=2 3=5", ((3, 20),)),
    Row("Spectrogram 0=8 6=2", ((2, 3, 20),)),
    Row("Spectrogram 0=8 6=1 1=1", ((2, 3, 2, 20),)),
    Row("Spectrogram 0=400 1=2 2=160 3=400 4=1", ((1600,),)),
    Row("Spectrogram 0=512 1=1 2=128 3=400 4=2 6=0 7=1", ((700,),)),
    Row("Spectrogram 0=3", ((9,),), refused=REFUSED, why="so does maskctl"),
    Row("Spectrogram 0=8 3=9", ((9,),), refused=REFUSED, why="so does maskctl"),
    Row("Spectrogram 0=8 7=3", ((9,),), refused=REFUSED, why="so does maskctl"),
    Row("Spectrogram 0=16 5=0", ((9,),), refused="it reads past the signal's end", why="maskctl refuses"),
    Row("Spectrogram 0=40", ((9,),), refused="it reflects more samples than there are", why="maskctl refuses"),
)

INVERSES = (
    Row("InverseSpectrogram 0=8", ((5, 6, 2),)),
    Row("InverseSpectrogram 0=16 1=1 4=1", ((9, 7, 2),)),
    Row("InverseSpectrogram 0=16 1=2 4=2 7=1", ((16, 7, 2),)),
    Row("InverseSpectrogram 0=17 2=7 3=15 5=0 7=2", ((17, 5, 2),)),
    Row("InverseSpectrogram 0=17 2=20 3=11 4=1 1=1", ((9, 5, 2),)),
    Row("InverseSpectrogram 0=9 5=2 4=1", ((9, 4, 4),)),
    Row("InverseSpectrogram 0=4 5=0", ((5, 3, 3),)),
    Row("InverseSpectrogram 0=9", ((5, 1, 2),)),
    Row("InverseSpectrogram 0=1 2=1 1=1", ((1, 5, 2),)),
    Row("InverseSpectrogram 0=2 2=1 1=1", ((2, 5, 2),)),
    Row("InverseSpectrogram 0=300 2=100 4=1 1=1", ((151, 6, 2),)),
    Row("InverseSpectrogram 0=8", ((5, 1, 2),), refused="it fails: no samples are left", why="so does maskctl"),
    Row("InverseSpectrogram 0=6", ((5, 3, 2),), refused="it reads past the last channel", why="maskctl refuses"),
    Row("InverseSpectrogram 0=3", ((2, 3, 2),), refused=REFUSED, why="so does maskctl"),
)


def _tame(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(replace(row, profiles=TAME) for row in rows)


ROWS: tuple[Row, ...] = (*_tame(SPECTROGRAMS), *_tame(INVERSES))
