"""UnaryOp of bf16 blobs on x86-64: tanh is built from the vector code's exp, the others are the C library's.

Source: ncnn `src/layer/x86/unaryop_functor.h`.
"""

from __future__ import annotations

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers import unaryop
from maskctl.layers.base import Arrays, Params, Weights

_TANH = 16


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    if params.integer("op_type") == _TANH:
        return (bf16_x86.in_rows(inputs[0], options, math32_x86.tanh, math32_x86.tanh),)
    return (bf16_x86.kept_in_rows(unaryop.LAYER.forward(params, weights, inputs)[0], options),)
