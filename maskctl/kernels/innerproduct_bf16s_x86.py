"""InnerProduct of bf16 blobs on x86-64. Weights of a number of outputs that is no multiple of 4 are cast as one long row.

Source: ncnn `src/layer/x86/innerproduct_bf16s.h`.
"""

from __future__ import annotations

from maskctl.kernels import bf16_x86, sums_bf16s_x86
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.innerproduct import LAYER

_ROWS = 3
"""The axes of a blob of rows, samples included: each is computed in vectors where rows or outputs come in fours."""


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of each sample, (n, num_output) or (n, rows, num_output)."""
    packed = elempack(params.integer("num_output"), options) > 1
    cast = bf16_x86.vectors if packed else sums_bf16s_x86.flat
    left_over: sums_bf16s_x86.Part = sums_bf16s_x86.outputs_over
    if inputs[0].ndim == _ROWS:
        in_fours = packed or elempack(inputs[0].shape[1], options) > 1
        left_over = sums_bf16s_x86.nothing_over if in_fours else bf16_x86.same
    return sums_bf16s_x86.forward(LAYER, cast, left_over, params, weights, inputs, options)
