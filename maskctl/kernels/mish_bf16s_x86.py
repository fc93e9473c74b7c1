"""Mish of bf16 blobs on x86-64, by the vector code's exp and tanh.

Source: ncnn `src/layer/x86/mish_bf16s.h`.
"""

from __future__ import annotations

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers import mish
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""

    def scalar(values: FloatArray) -> FloatArray:
        found: FloatArray = mish.LAYER.forward(params, weights, (values,))[0]
        return found

    return (bf16_x86.in_rows(inputs[0], options, math32_x86.mish, scalar),)
