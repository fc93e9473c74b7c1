"""The operands of a bf16 convolution: weights rounded as the engine rounds them, the bias in fp32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from maskctl.kernels.operands import Operands, operands
from maskctl.layers.base import Params, Weights
from maskctl.numeric import bf16
from maskctl.numeric.formats import FloatArray


def bf16_operands(
    params: Params,
    weights: Weights,
    values: FloatArray,
    cast_weight: Callable[[FloatArray], FloatArray] = bf16.away,
) -> Operands:
    """As `operands`, for inputs `values` (n, c, h, w) that are bf16 already."""
    return replace(operands(params, weights, values, cast_weight), bias=bias_of(params, weights)[:, None])


def bias_of(params: Params, weights: Weights) -> FloatArray:
    """The bias, which stays in fp32; zeros where there is none."""
    bias: FloatArray = (
        weights["bias"] if params.integer("bias_term") else np.zeros(params.integer("num_output"), np.float32)
    )
    return bias
