"""What attention does between its queries, keys and values, which are blobs in 16 bits: two inner Gemms and a Softmax.

fp16 storage rounds after each of the three. With bf16 storage the first Gemm reads bf16 values, and everything behind it is
fp32, the result too. Source: ncnn `src/layer/arm/sdpa_arm.cpp`, `multiheadattention_arm.cpp`.
"""

from __future__ import annotations

from maskctl.kernels import gemm_bf16s, gemm_fp32, inner_gemm, softmax_fp16s, softmax_fp32
from maskctl.kernels.packing import Options
from maskctl.layers import softmax
from maskctl.layers.base import Params
from maskctl.numeric.formats import FloatArray

_ALONG_ROWS = Params(softmax.PARAMS, {0: -1, 1: 1})


def is_fp32_inside(options: Options) -> bool:
    """True with bf16 storage."""
    return "use_fp16_storage" not in options


def logits(
    query: FloatArray,
    key: FloatArray,
    options: Options,
    mask: FloatArray | None,
    *,
    alpha: float = 1,
    beta: float = 1,
) -> FloatArray:
    """alpha * (query (b, rows, width) times key (b, width, keys) + beta * mask), (b, rows, keys)."""
    if is_fp32_inside(options):
        return gemm_bf16s.product(query, key, mask, inner_gemm.tiles_of(key), alpha, beta)
    return inner_gemm.multiply(query, key, options, mask, alpha=alpha, beta=beta)


def probabilities(values: FloatArray, options: Options) -> FloatArray:
    """Softmax along the last axis of (b, rows, keys), which is not packed."""
    if is_fp32_inside(options):
        return softmax_fp32.rows(values.reshape(-1, values.shape[2])).reshape(values.shape)
    return softmax_fp16s.forward(_ALONG_ROWS, {}, (values,), options - {"use_packing_layout"})[0]


def weighted(likely: FloatArray, value: FloatArray, options: Options, *, transposed: bool = False) -> FloatArray:
    """Probabilities (b, rows, keys) times values (b, keys, width), (b, rows, width); `transposed` as in `inner_gemm`."""
    if is_fp32_inside(options):
        return gemm_fp32.product(likely, value)
    return inner_gemm.multiply(likely, value, options, transposed=transposed)
