"""The Gemm that other layers have inside: matrices that are blobs, a result without packing, and the way by the options.

Source: ncnn `src/layer/arm/matmul_arm.cpp`, `sdpa_arm.cpp`, `multiheadattention_arm.cpp`.
"""

from __future__ import annotations

from maskctl.kernels import gemm_bf16s, gemm_fp16s, gemm_fp16sa
from maskctl.kernels.gemm_operands import Tiles, tiles
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma16
from maskctl.numeric.formats import FloatArray, half


def multiply(
    left: FloatArray,
    right: FloatArray,
    options: Options,
    addend: FloatArray | None = None,
    *,
    alpha: float = 1,
    beta: float = 1,
    transposed: bool = False,
) -> FloatArray:
    """alpha * (left (b, M, K) times right (b, K, N) + beta * addend) as stored, (b, M, N).

    `transposed` says that the engine lays the result out as (N, M), which moves a cast or two.
    """
    if "use_fp16_arithmetic" in options and "use_fp16_storage" in options:
        addend = addend if addend is None or beta == 1 else fma16.multiply(addend, half(beta))
        total = gemm_fp16sa.product(left, right, addend, tiles(right.shape[2], right.shape[1], 6))
        return total if alpha == 1 else fma16.multiply(total, alpha)
    size = tiles_of(right)
    if "use_fp16_storage" in options:
        total = gemm_fp16s.product(left, right, addend, size, alpha, beta)
        return gemm_fp16s.stored(total, size, transposed=transposed)
    return gemm_bf16s.stored(gemm_bf16s.product(left, right, addend, size, alpha, beta), size)


def tiles_of(right: FloatArray) -> Tiles:
    """The tiles of 16-bit values with fp32 sums, for a right matrix (b, K, N)."""
    return tiles(right.shape[2], right.shape[1], 8)


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """A Gemm with parameters and weights of its own."""
    if "use_fp16_storage" not in options:
        return gemm_bf16s.forward(params, weights, inputs, options)
    if "use_fp16_arithmetic" not in options:
        return gemm_fp16s.forward(params, weights, inputs, options)
    return gemm_fp16sa.forward(params, weights, inputs, options)
