"""Gemm of bf16 values."""

from __future__ import annotations

from conformance.cases.gemm import products

CASES = tuple(products("bf16", ("normal", "big", "special", "infinite", "nan")))
