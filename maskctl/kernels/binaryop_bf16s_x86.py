"""BinaryOp of bf16 blobs on x86-64: a number as second operand is cast to bf16 by itself.

Vectors compute remainders as x - q * y, which never gives -0. Maximum and minimum take the first operand where either is NaN.

Source: ncnn `src/layer/x86/binaryop_x86.cpp`, `forward_inplace_bf16s`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86
from maskctl.kernels.packing import Options
from maskctl.layers import binaryop
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.elementwise import larger, smaller
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The result for each sample."""
    if params.integer("with_scalar"):
        number = casts.one_by_one_to_bf16(np.array([params.real("b")], np.float32))
        params = params.replaced("b", float(number[0]))
    binaryop.shapes(params, tuple(values.shape[1:] for values in inputs))
    function = _FIRST_WINS.get(binaryop.name_of(params)) or binaryop.function_of(params)
    found = binaryop.joined(params, inputs, function)
    remains = params.integer("op_type") in _REMAINDERS
    return (bf16_x86.in_rows(found, options, _without_minus_zero if remains else bf16_x86.same, bf16_x86.same),)


def _without_minus_zero(values: FloatArray) -> FloatArray:
    return values + np.float32(0)


_REMAINDERS = (12, 13, 17, 18)
_FIRST_WINS: dict[str, binaryop.Function] = {"max": larger, "min": smaller}
