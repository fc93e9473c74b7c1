"""Convolution and ConvolutionDepthWise with int8 weights: terms, borders, groups, activations, float and int8 output.

Codes of NaN, infinity and products from 2**31 on are undefined in the engine; those profiles are left out.
"""

from __future__ import annotations

from tests.layers.row import APPROXIMATE, BITS, FINITE, SUMS, Row

TO_CODES = (*FINITE, "denormal")
ACTIVATIONS = ("9=1", "9=2 -23310=1,0.1", "9=3 -23310=2,-0.3,0.7", "9=4", "9=5", "9=6 -23310=2,0.2,0.5")
RECIPROCAL = "x86 takes a reciprocal of the scales that is good to 12 bits where the groups are a multiple of 8"
ONE_CODE = 45.0
"""dB: where that reciprocal moves a few codes to their neighbours."""
LOST = "x86 loses what a group computes in floats where the group has a multiple of 8 outputs"


def plain(channels: int, outputs: int, kernel: int, more: str, extents: tuple[int, int] = (6, 5)) -> Row:
    """A Convolution; int8 output must be equal to the bit."""
    words = f"Convolution 0={outputs} 1={kernel} 5=1 6={channels * outputs * kernel * kernel} {more}"
    return _row(words, (channels, *extents))


def grouped(channels: int, outputs: int, groups: int, kernel: int, more: str) -> Row:
    """A ConvolutionDepthWise."""
    size = channels * outputs // groups * kernel * kernel
    words = f"ConvolutionDepthWise 0={outputs} 1={kernel} 5=1 6={size} 7={groups} {more}"
    if channels == groups == outputs and groups % 8 == 0:
        least = ONE_CODE if " 8=10" in words else APPROXIMATE
        return Row(words, ((channels, 6, 5),), profiles=TO_CODES, least_db=least, why=RECIPROCAL)
    if outputs // groups % 8 == 0 and " 8=10" not in words:
        return Row(words, ((channels, 6, 5),), profiles=TO_CODES, refused=LOST, why="computed as for other outputs")
    return _row(words, (channels, 6, 5))


def _row(words: str, shape: tuple[int, ...]) -> Row:
    return Row(words, (shape,), profiles=TO_CODES, least_db=BITS if " 8=10" in words else SUMS)


ROWS = (
    *(
        plain(channels, outputs, kernel, f"8={term} 4={kernel // 2}")
        for channels, outputs in ((1, 1), (3, 5), (4, 8), (8, 4), (16, 16), (12, 3))
        for kernel in (1, 3)
        for term in (2, 102)
    ),
    plain(3, 8, 7, "8=2 3=2 4=3", (9, 11)),
    plain(5, 4, 5, "8=1 4=2"),
    plain(150, 4, 3, "8=101 4=1", (3, 3)),
    plain(8, 8, 3, "8=102 2=2 4=2"),
    plain(8, 12, 3, "8=2 3=2 4=-233"),
    plain(8, 12, 3, "8=102 3=2 4=-234"),
    plain(4, 4, 3, "8=2 4=2 15=1 14=0 16=3 18=7.0"),
    plain(8, 8, 3, "8=102 4=1 18=3.9"),
    plain(4, 8, 3, "8=102 4=1 18=-3.9"),
    Row(
        "Convolution 0=8 1=3 5=1 6=576 8=2 4=1 18=-3.9",
        ((8, 6, 5),),
        profiles=TO_CODES,
        refused="x86 lays -1 around seven of every eight channels for a negative pad value",
        why="the pad value, cut to -3, around all channels, as the portable code",
    ),
    plain(2, 3, 3, "8=2 4=4", (1, 1)),
    *(plain(4, outputs, 3, f"8={term} 4=1 {more}") for more in ACTIVATIONS for term in (2, 102) for outputs in (5, 8)),
    Row("Convolution 0=4 1=1 11=3 5=0 6=36 8=2", ((3, 4, 5),), profiles=TO_CODES),
    *(
        grouped(channels, outputs, groups, kernel, f"8={term} 4=1")
        for channels, outputs, groups, kernel in (
            (3, 3, 3, 3),
            (8, 8, 8, 3),
            (12, 12, 12, 3),
            (16, 16, 16, 5),
            (6, 4, 2, 3),
            (16, 8, 2, 1),
            (16, 32, 2, 3),
            (4, 8, 4, 3),
            (5, 5, 1, 3),
        )
        for term in (1, 2, 101, 102)
    ),
    grouped(3, 3, 3, 3, "8=1 3=2 4=1"),
    grouped(3, 3, 3, 3, "8=101 3=2 4=1 9=1"),
    grouped(5, 5, 5, 3, "8=2 4=-233 9=1"),
    *(grouped(5, 5, 5, 3, f"8={term} 4=1 {more}") for more in ACTIVATIONS for term in (1, 101)),
)
