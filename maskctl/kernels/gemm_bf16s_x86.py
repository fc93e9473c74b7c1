"""Gemm of bf16 blobs on x86-64: constant A and B are cast to bf16, each as one long row, a constant C stays fp32.

Source: ncnn `src/layer/x86/gemm_x86.cpp`, `create_pipeline_bf16s`.
"""

from __future__ import annotations

from maskctl.kernels import bf16_x86, sums_bf16s_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.gemm import LAYER


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The product for each sample."""
    cast = {name: sums_bf16s_x86.flat(weights[name], options) for name in ("A", "B") if name in weights}
    ready = LAYER.prepare(params, {**weights, **cast})
    return tuple(bf16_x86.vectors(top, options) for top in LAYER.forward(params, ready, inputs))
