"""Sigmoid of bf16 blobs on x86-64: its exp takes NaN for its upper end, so that NaN gives 0.

Source: ncnn `src/layer/x86/sigmoid_bf16s.h`.
"""

from __future__ import annotations

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights


def forward(_: Params, __: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    return (bf16_x86.in_rows(inputs[0], options, math32_x86.sigmoid, math32_x86.sigmoid),)
