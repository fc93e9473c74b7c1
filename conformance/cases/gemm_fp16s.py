"""Gemm of fp16 values with fp32 sums."""

from __future__ import annotations

from conformance.case import FEW, Case, chain
from conformance.cases.gemm import products

_PROFILES = ("normal", "big", "tiny", "infinite", "nan")

CASES = (
    *products("fp16-storage", _PROFILES),
    Case("31=1 gemm", chain("Gemm 3=1 5=1 6=1 8=7 9=13 10=4 0=0.3 31=1"), (5, 13), FEW),
)
