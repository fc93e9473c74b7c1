"""Deconvolution in bf16, where the engine sums in fp32 and has no gemm for it."""

from __future__ import annotations

from conformance.cases.deconvolution_fp16sa import deconvolutions, in_groups_of_channels

_CHANNELS = ((8, 8), (8, 3), (4, 4), (4, 3), (3, 4), (3, 3))
"""Channels and outputs, for every pair of packings."""

_WAYS = (frozenset[str](),)

CASES = (
    *deconvolutions("bf16", _CHANNELS, _WAYS),
    *in_groups_of_channels("bf16", _WAYS),
)
