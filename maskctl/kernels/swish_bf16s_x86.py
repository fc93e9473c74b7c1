"""Swish of bf16 blobs on x86-64: its exp stops at 88.376 in vectors, so that large negative values are not quite 0.

Source: ncnn `src/layer/x86/swish_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray


def forward(_: Params, __: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    return (bf16_x86.in_rows(inputs[0], options, _vector, _scalar),)


def _vector(values: FloatArray) -> FloatArray:
    return values / (np.float32(1) + math32_x86.exp(-values))


def _scalar(values: FloatArray) -> FloatArray:
    below: FloatArray = np.float32(1) + np.exp(-values)
    return values / below
