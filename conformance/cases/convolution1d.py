"""Convolution1D in fp16 arithmetic, fp16 storage and bf16."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import ACTIVATIONS, FEW, PROFILES, Case, chain, in_groups

PRECISIONS = ("fp16", "fp16-storage", "bf16")
UNPACKED = frozenset({"use_packing_layout"})

_CHANNELS = ((8, 8), (16, 12), (12, 3), (4, 8), (4, 2), (3, 4), (7, 6), (1, 1), (13, 5), (2, 13))
"""Channels and outputs."""

_WINDOWS = ((3, 5, "4=1"), (4, 9, "3=2 4=1"), (3, 3, "2=2 4=4 18=0.3"), (1, 4, ""), (2, 6, "3=3 4=-233"))
"""Kernels, widths and further parameters."""


def _rows() -> Iterator[Case]:
    for precision in PRECISIONS:
        for channels, outputs in _CHANNELS:
            for kernel, width, more in _WINDOWS:
                layers = chain(in_groups("Convolution1D", channels, outputs, kernel, more))
                title = f"{precision} convolution of rows {channels}-{outputs}, {kernel} of {width} {more}".strip()
                profiles = PROFILES if kernel == 1 else FEW
                yield Case(title, layers, (channels, width), profiles, precision)
        for name, words in ACTIVATIONS.items():
            layers = chain(in_groups("Convolution1D", 5, 6, 3, f"4=1 {words}"))
            yield Case(f"{precision} {name} of rows", layers, (5, 7), FEW, precision)
        layers = chain(in_groups("Convolution1D", 8, 8, 3, bias=0))
        yield Case(f"{precision} convolution of rows without bias", layers, (8, 6), FEW, precision)
        yield Case(f"{precision} convolution of rows unpacked", layers, (8, 6), FEW, precision, UNPACKED)


CASES = tuple(_rows())
