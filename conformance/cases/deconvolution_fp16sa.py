"""Deconvolution in fp16 arithmetic: by gemm and directly, dense, depthwise and in groups."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import ACTIVATIONS, FEW, LARGE, Case, chain, in_groups

DIRECT = frozenset({"use_sgemm_convolution"})
UNPACKED = frozenset({"use_packing_layout"})

_CHANNELS = ((8, 8), (16, 12), (12, 8), (8, 3), (4, 4), (4, 3), (3, 8), (3, 4), (3, 3), (1, 2))
"""Channels and outputs, for every pair of packings."""

_WINDOWS: tuple[tuple[str, int, tuple[int, int], str], ...] = (
    ("stride 2", 3, (2, 3), "3=2"),
    ("border 1", 4, (2, 3), "3=2 4=1"),
    ("dilation 2", 2, (2, 3), "2=2 4=1 15=0"),
    ("one pixel", 2, (1, 1), "3=3"),
)
_BORDERS: tuple[tuple[str, int, tuple[int, int], str], ...] = (
    ("output_pad", 3, (2, 3), "3=2 4=1 18=1 19=1"),
    ("output_pad over stride", 2, (2, 2), "3=2 18=2 19=1"),
    ("SAME_UPPER", 3, (2, 3), "3=2 4=-233 20=6 21=4"),
    ("SAME_LOWER", 3, (2, 3), "3=2 4=-234 20=6 21=4"),
    ("border of 0 to 2", 4, (2, 3), "3=1 4=1 15=2 14=0 16=1"),
    ("5x1", 5, (2, 3), "11=1 3=2 13=1"),
    ("1x1", 1, (3, 5), ""),
    ("1x1 s2", 1, (2, 3), "3=2"),
)
_GROUPS = ((16, 8, 2), (8, 8, 2), (6, 4, 2), (4, 8, 4), (3, 3, 1))
"""Channels, outputs and groups."""


def deconvolutions(
    precision: str, channels: tuple[tuple[int, int], ...], ways: tuple[frozenset[str], ...]
) -> Iterator[Case]:
    """Every window for pairs of channels and outputs, in each way of the options that are off."""
    for (inputs, outputs), (name, kernel, size, more), without in (
        (pair, window, way) for pair in channels for window in _WINDOWS for way in ways
    ):
        layers = chain(in_groups("Deconvolution", inputs, outputs, kernel, more))
        title = f"{precision} deconvolution {inputs}-{outputs} {name}{', direct' if without else ''}"
        profiles = LARGE if max(inputs, outputs) < 5 or size == (1, 1) else FEW
        yield Case(title, layers, (inputs, *size), profiles, precision, without)
    for name, kernel, size, more in _BORDERS:
        layers = chain(in_groups("Deconvolution", 4, 3, kernel, more))
        yield Case(f"{precision} deconvolution {name}", layers, (4, *size), FEW, precision)
    plain = chain(in_groups("Deconvolution", 8, 8, 2, "3=2", bias=0))
    yield Case(f"{precision} deconvolution without bias", plain, (8, 2, 2), FEW, precision)
    for way in ways:
        title = f"{precision} deconvolution unpacked{', direct' if way else ''}"
        yield Case(title, plain, (8, 2, 2), FEW, precision, UNPACKED | way)
    for (name, words), outputs, way in (
        (row, outputs, way) for row in ACTIVATIONS.items() for outputs in (4, 3) for way in ways
    ):
        layers = chain(in_groups("Deconvolution", outputs, outputs, 2, f"3=2 {words}"))
        title = f"{precision} {name} of deconvolution of {outputs}{', direct' if way else ''}"
        yield Case(title, layers, (outputs, 1, 3), FEW, precision, way)


def in_groups_of_channels(precision: str, ways: tuple[frozenset[str], ...]) -> Iterator[Case]:
    """A group per channel, and others."""
    for channels in (8, 4, 3):
        for name, kernel, size, more in _WINDOWS:
            layers = chain(in_groups("DeconvolutionDepthWise", channels, channels, kernel, more, channels))
            title = f"{precision} depthwise deconvolution of {channels} {name}"
            yield Case(title, layers, (channels, *size), LARGE if channels < 8 else FEW, precision)
        for name, words in ACTIVATIONS.items() if channels < 8 else ():
            layers = chain(in_groups("DeconvolutionDepthWise", channels, channels, 3, words, channels))
            title = f"{precision} {name} of depthwise deconvolution of {channels}"
            yield Case(title, layers, (channels, 1, 2), FEW, precision)
    for (channels, outputs, groups), way in ((row, way) for row in _GROUPS for way in ways):
        layers = chain(in_groups("DeconvolutionDepthWise", channels, outputs, 3, "3=2 4=1 18=1 9=1", groups))
        title = f"{precision} deconvolution {channels}-{outputs} in {groups} groups{', direct' if way else ''}"
        yield Case(title, layers, (channels, 2, 2), FEW, precision, way)


def _gemm_tails() -> Iterator[Case]:
    """Rows and columns of the product that are left over from whole blocks."""
    for outputs, kernel in ((1, 1), (3, 1), (5, 1), (1, 3), (2, 1), (6, 1), (7, 1)):
        for channels, places in ((5, 1), (11, 3), (12, 14)):
            layers = chain(in_groups("Deconvolution", channels, outputs, kernel, "11=1"))
            name = f"deconvolution by gemm {channels}-{outputs} 1x{kernel} of {places}"
            yield Case(name, layers, (channels, 1, places), FEW)


def _by_4x4() -> Iterator[Case]:
    """The hand-written 4x4 kernel of stride 2."""
    for width, more in ((1, "3=2"), (2, "3=2 4=1"), (3, "3=2 18=1"), (4, "3=2 4=1"), (5, "3=2"), (11, "3=2 4=1")):
        layers = chain(in_groups("Deconvolution", 3, 2, 4, more))
        yield Case(f"deconvolution 4x4 of width {width}", layers, (3, 2, width), FEW, without=DIRECT)
    layers = chain(in_groups("Deconvolution", 3, 3, 4, "3=2 4=1 9=4"))
    yield Case("sigmoid of deconvolution 4x4", layers, (3, 2, 3), FEW, without=DIRECT)


_WAYS = (frozenset[str](), DIRECT)

CASES = (
    *deconvolutions("fp16", _CHANNELS, _WAYS),
    *in_groups_of_channels("fp16", _WAYS),
    *_gemm_tails(),
    *_by_4x4(),
)
