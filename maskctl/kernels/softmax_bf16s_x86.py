"""Softmax of bf16 blobs on x86-64: exp is stored in bf16, its fp32 values are summed, and the stored ones are scaled.

Source: ncnn `src/layer/x86/softmax_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers import softmax
from maskctl.layers.base import Arrays, Params, Weights

_LEAST = -np.finfo(np.float32).max


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The probabilities of each sample."""
    values = inputs[0]
    axis = 1 + softmax.axis_of(params, values.ndim - 1)
    with np.errstate(all="ignore"):
        largest = np.maximum(values.max(axis, keepdims=True), _LEAST)
        grown = math32_x86.exp(values - largest)
        total = grown.sum(axis, keepdims=True, dtype=np.float32)
        stored = bf16_x86.kept_in_rows(grown, options)
        return (bf16_x86.kept_in_rows(stored * (np.float32(1) / total), options),)
