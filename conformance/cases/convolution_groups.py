"""Convolutions in groups of channels, which the engine runs as dense layers, one for each group."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.case import FEW, Case, chain, in_groups

PRECISIONS = ("fp16", "fp16-storage", "bf16")
DIRECT = frozenset({"use_sgemm_convolution", "use_winograd_convolution"})
UNPACKED = frozenset({"use_packing_layout"})

_GROUPS = ((16, 16, 2), (8, 8, 2), (6, 4, 2), (4, 8, 4), (3, 3, 1), (12, 24, 3), (8, 16, 8), (34, 34, 2))
"""Channels, outputs and groups."""

_WINDOWS = ((3, "4=1"), (3, "3=2 4=1"), (1, ""), (3, "2=2 4=2 18=0.5"), (2, "9=1"))
"""Kernels and further parameters."""


def _in_groups() -> Iterator[Case]:
    for precision in PRECISIONS:
        for channels, outputs, groups in _GROUPS:
            for kernel, more in _WINDOWS if channels < 12 else _WINDOWS[:2]:
                layers = chain(in_groups("ConvolutionDepthWise", channels, outputs, kernel, more, groups))
                title = f"{precision} {channels}-{outputs} in {groups} groups, {kernel}x{kernel} {more}".strip()
                yield Case(title, layers, (channels, 2, 4), FEW, precision)
        layers = chain(in_groups("ConvolutionDepthWise", 16, 8, 3, "4=-233 3=2", 2, bias=0))
        yield Case(f"{precision} groups without bias", layers, (16, 2, 4), FEW, precision)
        yield Case(f"{precision} groups, direct", layers, (16, 2, 4), FEW, precision, DIRECT)
        yield Case(f"{precision} groups, unpacked", layers, (16, 2, 4), FEW, precision, UNPACKED)
    masked = chain(in_groups("ConvolutionDepthWise", 32, 32, 3, "4=1 31=64", 2))
    yield Case("31=64 groups", masked, (32, 2, 3), FEW)


CASES = tuple(_in_groups())
