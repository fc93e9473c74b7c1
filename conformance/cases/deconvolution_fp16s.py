"""Deconvolution in fp16 storage, where the engine sums in fp32 and has no gemm for it."""

from __future__ import annotations

from conformance.case import LARGE, Case, chain, in_groups
from conformance.cases.deconvolution_fp16sa import deconvolutions, in_groups_of_channels

_CHANNELS = ((8, 8), (8, 3), (4, 4), (4, 3), (3, 4), (3, 3))
"""Channels and outputs, for every pair of packings."""

_WAYS = (frozenset[str](),)

CASES = (
    *deconvolutions("fp16-storage", _CHANNELS, _WAYS),
    *in_groups_of_channels("fp16-storage", _WAYS),
    Case("31=33 deconvolution", chain(in_groups("Deconvolution", 8, 4, 3, "3=2 31=33")), (8, 2, 2), LARGE),
)
