"""Convolutions over one, two and three axes, dense, grouped and depthwise: windows, borders, activations, blobs."""

from __future__ import annotations

import math
import re

import numpy as np

from maskctl.numeric.formats import FloatArray
from tests.layers.row import EVERY, Row, Shape

ACTIVATIONS = (
    "9=1",
    "9=2 -23310=1,0.1",
    "9=2 -23310=1,-1.5",
    "9=3 -23310=2,-0.5,0.7",
    "9=4",
    "9=5",
    "9=6 -23310=2,0.16666667,0.5",
)
UNLESS_LOST = ("normal", "sparse", "special", "denormal")
"""What comes of NaN and infinity depends on the lane: the wheel is compiled with -ffast-math and its vector code keeps
NaN in ReLU, as here, where its scalar code makes 0 of it, and makes the lower bound of it in clip and sigmoid. "huge"
is left out with hard swish, because a sum that touches infinity on the way depends on its order."""
WITH_HUGE = (*UNLESS_LOST, "huge")


def kept(words: str) -> tuple[str, ...]:
    """The profiles that an activation has one answer to."""
    return EVERY if words.startswith("9=2") else UNLESS_LOST if words.startswith("9=6") else WITH_HUGE


def weight_maker(rng: np.random.Generator, _: str, shape: Shape) -> FloatArray:
    """Weights that come as blobs are sane whatever the profile, as those of a `.bin` are."""
    return rng.standard_normal(shape).astype(np.float32) / np.float32(math.sqrt(math.prod(shape[1:])))


def blobs(words: str, shape: Shape, weight: Shape, outputs: int = 0) -> Row:
    """A row whose weight, and bias where it has one, come as blobs."""
    bias = ((outputs or weight[0],),) if "5=1" in words else ()
    profiles = kept("9=1") if "9=1" in words.split() else EVERY
    return Row(words, (shape, weight, *bias), profiles=profiles, fed={1: weight_maker, 2: weight_maker})


def row(
    words: str,
    shape: Shape,
    *,
    group: int = 1,
    profiles: tuple[str, ...] = (),
    refused: str = "",
) -> Row:
    """A row with its weight's size (6=) filled in, and group (7=) where there are some."""
    keys = {int(key): int(value) for key, value in re.findall(r" (\d+)=(-?\d+)(?![\d.])", words)}
    taps = math.prod(keys.get(key, keys[1]) for key in range(1, 1 + 10 * (len(shape) - 1), 10)) if len(shape) > 1 else 1
    size = keys[0] * shape[0] // group * taps
    more = f" 7={group}" if "DepthWise" in words else ""
    profiles = profiles or (kept("9=1") if "9=1" in words.split() and len(shape) < 4 else EVERY)
    return Row(f"{words} 6={size}{more}", (shape,), profiles=profiles, refused=refused)


SINGLE = (
    row("Convolution 0=5 1=3 5=1", (3, 6, 7)),
    row("Convolution 0=8 1=1 5=1", (4, 5, 6)),
    row("Convolution 0=12 1=1", (16, 4, 9)),
    row("Convolution 0=16 1=1 3=2 5=1", (8, 7, 5)),
    row("Convolution 0=1 1=3 4=1 5=1", (1, 5, 4)),
    row("Convolution 0=3 1=3 4=1 3=2 5=1", (5, 8, 9)),
    row("Convolution 0=16 1=7 4=3 3=2 5=1 9=1", (3, 15, 17)),
    row("Convolution 0=4 1=3 11=1 4=1 14=0 5=1", (8, 1, 6)),
    row("Convolution 0=4 1=1 11=5 4=0 14=2", (4, 6, 1)),
    row("Convolution 0=6 1=3 2=2 12=3 5=1", (5, 9, 8)),
    row("Convolution 0=8 1=3 2=2 4=2 5=1", (16, 6, 6)),
    row("Convolution 0=4 1=3 4=1 15=2 14=0 16=3 18=0.7 5=1", (4, 5, 5)),
    row("Convolution 0=4 1=2 4=4 18=-1.5", (3, 2, 3)),
    row("Convolution 0=7 1=3 3=4 13=3 5=1", (12, 9, 11)),
    row("Convolution 0=5 1=1 3=5 5=1", (3, 1, 1)),
    row("Convolution 0=5 1=3 4=-233 5=1", (4, 6, 7)),
    row("Convolution 0=5 1=3 3=2 4=-233 18=0.5 5=1", (4, 6, 7)),
    row("Convolution 0=5 1=2 3=2 4=-234 5=1", (8, 5, 6)),
    row("Convolution 0=5 1=4 3=1 4=-234", (3, 5, 6)),
    row("Convolution 0=8 1=1 3=2 4=-233", (3, 5, 6)),
    row("Convolution 0=8 1=3 4=-233 15=0", (3, 5, 6)),
    row("Convolution 0=32 1=3 4=1 5=1 9=1", (32, 13, 14)),
    row("Convolution 0=9 1=1 5=1", (12,)),
    row("Convolution 0=8 1=1 5=1 9=1", (16,)),
)
ONE = (
    row("Convolution1D 0=5 1=3 5=1", (4, 9)),
    row("Convolution1D 0=8 1=1 5=1", (16, 6)),
    row("Convolution1D 0=3 1=5 2=2 4=4 15=3 18=0.6", (1, 7)),
    row("Convolution1D 0=16 1=3 3=2 4=-233 5=1 9=1", (8, 10)),
    row("Convolution1D 0=12 1=4 3=3 4=-234 18=1.5 5=1", (12, 8)),
    row("Convolution1D 0=4 1=2 3=4", (5, 2)),
)
THREE = (
    row("Convolution3D 0=5 1=3 5=1", (3, 4, 5, 6)),
    row("Convolution3D 0=4 1=1 5=1", (8, 2, 3, 4)),
    row("Convolution3D 0=3 1=3 11=2 21=1 2=2 12=1 22=1 3=1 13=2 23=3 5=1", (4, 5, 6, 7)),
    row("Convolution3D 0=8 1=3 4=1 15=2 14=0 16=3 24=2 17=0 18=0.8 5=1 9=2 -23310=1,0.2", (2, 3, 4, 5)),
    row("Convolution3D 0=4 1=2 3=2 4=-233 18=0.5 5=1", (4, 3, 5, 6)),
    row("Convolution3D 0=4 1=4 3=1 4=-234 18=0.5 5=1", (4, 3, 5, 6)),
)
DEPTHWISE = (
    row("ConvolutionDepthWise 0=16 1=3 4=1 5=1", (16, 7, 8), group=16),
    row("ConvolutionDepthWise 0=8 1=3 4=1 3=2 5=1 9=1", (8, 9, 8), group=8),
    row("ConvolutionDepthWise 0=5 1=3 4=1 3=2 5=1", (5, 7, 6), group=5),
    row("ConvolutionDepthWise 0=3 1=3 4=1", (3, 5, 5), group=3),
    row("ConvolutionDepthWise 0=12 1=5 4=2 3=2 5=1", (12, 9, 10), group=12),
    row("ConvolutionDepthWise 0=4 1=5 2=2 4=4 18=0.5 5=1", (4, 6, 7), group=4),
    row("ConvolutionDepthWise 0=8 1=2 11=3 3=3 13=2 4=-233 18=0.5 5=1", (8, 7, 8), group=8),
    row("ConvolutionDepthWise 0=8 1=3 11=2 2=3 12=2 3=2 13=1 4=-234", (8, 7, 8), group=8),
    row("ConvolutionDepthWise 0=1 1=1 5=1", (1, 1, 1), group=1),
    row("ConvolutionDepthWise 0=16 1=1 3=3 5=1", (16, 5, 7), group=16),
    row("ConvolutionDepthWise 0=8 1=3 4=1 5=1", (4, 6, 5), group=4),
    row("ConvolutionDepthWise 0=6 1=3 4=1 3=2 5=1 9=1", (9, 6, 5), group=3),
    row("ConvolutionDepthWise 0=16 1=1 5=1", (32, 3, 5), group=4),
    row("ConvolutionDepthWise 0=32 1=3 4=1 5=1", (16, 4, 5), group=2),
    row("ConvolutionDepthWise 0=5 1=3 5=1", (4, 6, 5), group=1),
    row("ConvolutionDepthWise1D 0=8 1=3 4=1 5=1", (8, 9), group=8),
    row("ConvolutionDepthWise1D 0=3 1=4 2=2 3=2 4=3 15=0 18=0.4", (3, 8), group=3),
    row("ConvolutionDepthWise1D 0=6 1=3 3=2 4=-234 18=0.5 5=1 9=1", (4, 8), group=2),
    row("ConvolutionDepthWise1D 0=4 1=1 3=2 4=-233 5=1", (4, 5), group=4),
    row("ConvolutionDepthWise3D 0=4 1=3 4=1 5=1", (4, 3, 4, 5), group=4),
    row("ConvolutionDepthWise3D 0=3 1=2 2=2 12=1 22=1 3=2 13=3 23=1 4=-234 18=0.5", (3, 3, 4, 5), group=3),
    row("ConvolutionDepthWise3D 0=6 1=2 3=2 5=1 4=-233 9=1", (4, 4, 3, 5), group=2),
)
ACTIVATED = (
    *(row(f"Convolution 0=4 1=3 4=1 5=1 {words}", (4, 5, 6), profiles=kept(words)) for words in ACTIVATIONS),
    *(row(f"Convolution 0=32 1=3 4=1 5=1 {words}", (32, 9, 5), profiles=kept(words)) for words in ACTIVATIONS),
    *(
        row(f"ConvolutionDepthWise 0=3 1=3 4=1 5=1 {words}", (3, 5, 6), group=3, profiles=kept(words))
        for words in ACTIVATIONS
    ),
    *(row(f"Convolution1D 0=3 1=3 4=1 5=1 {words}", (3, 6), profiles=kept(words)) for words in ACTIVATIONS),
    row("Convolution3D 0=3 1=2 5=1 9=1", (2, 3, 4, 5)),
    *(row(f"Convolution3D 0=3 1=2 5=1 {words}", (2, 3, 4, 5), profiles=kept(words)) for words in ACTIVATIONS[1:]),
)
UNDEFINED = (
    row("Convolution 0=4 1=3 4=1 15=-1", (4, 5, 6), refused="it writes beside its memory"),
    row("Convolution 0=4 1=1 11=3 3=2 4=-234", (4, 5, 6), refused="it writes beside its memory"),
    row("Convolution 0=4 1=3", (4, 2, 6), refused="it crashes"),
    Row("Convolution 0=4 1=1 6=20", ((4, 3, 3),), refused="it reads a channel that is not there"),
    Row("Convolution 0=4 1=3 6=36", ((3, 3),), refused="it crashes"),
)
BLOBS = (
    blobs("Convolution 5=1 19=1", (4, 6, 7), (5, 4, 3, 3)),
    blobs("Convolution 4=1 3=2 19=1 9=1", (8, 6, 7), (16, 8, 3, 3)),
    blobs("Convolution 0=9 1=5 4=-233 18=0.5 5=1 19=1", (3, 6, 7), (8, 3, 2, 4)),
    blobs("Convolution 5=1 19=1", (1, 6, 7), (5, 3, 3)),
    blobs("Convolution 5=1 19=1", (12,), (5, 12, 1, 1)),
    blobs("ConvolutionDepthWise 5=1 4=1 7=8 19=1", (8, 6, 7), (8, 1, 3, 3)),
    blobs("ConvolutionDepthWise 4=1 7=3 19=1", (3, 6, 7), (3, 5, 5)),
    blobs("ConvolutionDepthWise 5=1 7=2 3=2 19=1", (4, 6, 7), (6, 2, 3, 3)),
    blobs("Convolution1D 5=1 4=1 19=1", (4, 9), (5, 4, 3)),
    blobs("Convolution1D 3=2 2=2 4=-234 18=0.5 19=1", (8, 9), (16, 8, 2)),
    blobs("ConvolutionDepthWise1D 5=1 4=1 7=4 19=1", (4, 9), (4, 1, 3)),
    blobs("ConvolutionDepthWise1D 3=2 7=2 19=1 9=1", (4, 9), (6, 2, 3)),
    Row("Convolution 5=1 19=1", ((4, 6, 7), (5, 4, 3, 3), (4,)), refused="it reads beside the bias"),
)

ROWS: tuple[Row, ...] = (*SINGLE, *ONE, *THREE, *DEPTHWISE, *ACTIVATED, *UNDEFINED, *BLOBS)
