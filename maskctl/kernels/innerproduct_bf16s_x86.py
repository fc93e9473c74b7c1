"""InnerProduct of bf16 blobs on x86-64. Weights of a number of outputs that is no multiple of 4 are cast as one long row.

Source: ncnn `src/layer/x86/innerproduct_bf16s.h`.
"""

from __future__ import annotations

from maskctl.kernels import bf16_x86, sums_bf16s_x86
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.innerproduct import LAYER


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of each sample, (n, num_output) or (n, rows, num_output)."""
    packed = elempack(params.integer("num_output"), options) > 1
    cast = bf16_x86.vectors if packed else sums_bf16s_x86.flat
    return sums_bf16s_x86.forward(LAYER, cast, params, weights, inputs, options)
