"""MatMul of 16-bit blobs: a Gemm for each pair of matrices.

Source: ncnn `src/layer/arm/matmul_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.inner_gemm import multiply
from maskctl.kernels.packing import Options
from maskctl.layers import matmul
from maskctl.layers.base import Arrays, Params, Weights


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The products of each sample."""
    left, right = matmul.operands(params, inputs)
    batches = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    first, second = (
        np.broadcast_to(values, (*batches, *values.shape[-2:])).reshape(-1, *values.shape[-2:])
        for values in (left, right)
    )
    wanted = matmul.shapes(params, tuple(values.shape[1:] for values in inputs))[0]
    return (multiply(first, second, options).reshape(len(inputs[0]), *wanted),)
