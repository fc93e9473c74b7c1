"""Eltwise of bf16 blobs on x86-64: the first two are combined and stored, then each other one with what is stored.

Source: ncnn `src/layer/x86/eltwise_bf16s.h`.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from maskctl.kernels import bf16_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray

_PRODUCT, _SUM = 0, 1


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The combined blob of each sample."""
    kind, coefficients = params.integer("op_type"), params.array("coeffs")
    if kind == _SUM and coefficients:
        inputs = tuple(values * np.float32(factor) for values, factor in zip(inputs, coefficients, strict=False))

    def combined(left: FloatArray, right: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            found = left * right if kind == _PRODUCT else left + right if kind == _SUM else np.maximum(left, right)
        return bf16_x86.kept_in_rows(found, options)

    return (reduce(combined, inputs),)
