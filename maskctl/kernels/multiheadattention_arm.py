"""MultiHeadAttention of 16-bit blobs: inner Gemms, and an inner Softmax between those of queries, keys and values.

Mapped queries, keys and values are (embed_dim, rows), as in the engine.
Source: ncnn `src/layer/arm/multiheadattention_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import attention_steps, gemm_fp32, inner_gemm
from maskctl.kernels.packing import Options
from maskctl.layers import gemm, multiheadattention
from maskctl.layers.base import Arrays, Params, Value, Weights
from maskctl.layers.families import attention
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """What each query makes of the values; with a cache all keys and values."""
    sources = multiheadattention.sources(params, inputs)
    scale = multiheadattention.scale_of(params)
    query = _heads(params, _mapped(weights, "q", sources.query, options, scale))
    key, value = (
        _with_cache(params, weights, name, blob, sources, options)
        for name, blob in (("k", sources.key), ("v", sources.value))
    )
    n, heads, width, rows = query.shape
    mask = None
    if sources.mask is not None:
        spread = attention.mask_of(sources.mask)
        mask = np.broadcast_to(spread, (n, heads, rows, key.shape[3])).reshape(-1, rows, key.shape[3])
    query, key, value = (values.reshape(n * heads, width, -1) for values in (query, key, value))
    logits = attention_steps.logits(query.swapaxes(1, 2), key, options, mask)
    likely = attention_steps.probabilities(logits, options)
    found = attention_steps.weighted(likely, value.swapaxes(1, 2), options, transposed=True)
    together = found.reshape(n, heads, rows, width).transpose(0, 1, 3, 2).reshape(n, heads * width, rows)
    top = _out(weights, np.ascontiguousarray(together), options)
    if sources.keys is None:
        return (top,)
    return top, *(values.reshape(n, heads, width, -1).swapaxes(2, 3) for values in (key, value))


def _mapped(weights: Weights, name: str, rows: FloatArray, options: Options, scale: float = 1.0) -> FloatArray:
    """The affine map of rows (n, rows, width), as (n, embed_dim, rows)."""
    weight = weights[f"{name}_weight"]
    written: dict[int, Value] = {0: scale, 3: 1, 4: 1, 6: 1, 7: weight.shape[0], 9: weight.shape[1], 10: 1, 12: 1}
    given = {"A": weight, "C": weights[f"{name}_bias"][:, None]}
    return inner_gemm.forward(Params(gemm.PARAMS, written), given, (rows,), options)[0]


def _out(weights: Weights, found: FloatArray, options: Options) -> FloatArray:
    """The last map of (n, embed_dim, rows), as (n, rows, width)."""
    weight = weights["out_weight"]
    if attention_steps.is_fp32_inside(options):
        return gemm_fp32.product(found.swapaxes(1, 2), weight.T[None], weights["out_bias"][None, None])
    written: dict[int, Value] = {2: 1, 3: 1, 5: 1, 6: 1, 8: weight.shape[0], 9: weight.shape[1], 10: 4}
    given = {"B": weight, "C": weights["out_bias"][None]}
    return inner_gemm.forward(Params(gemm.PARAMS, written), given, (found,), options)[0]


def _heads(params: Params, mapped: FloatArray) -> FloatArray:
    """(n, heads, width of a head, rows)."""
    heads = params.integer("num_heads")
    return mapped.reshape(len(mapped), heads, -1, mapped.shape[2])


def _with_cache(
    params: Params,
    weights: Weights,
    name: str,
    rows: FloatArray,
    sources: multiheadattention.Sources,
    options: Options,
) -> FloatArray:
    """Mapped keys or values in heads, behind what is cached or, where anything is and they have an input of their own, only that."""
    past = sources.keys if name == "k" else sources.values
    if past is not None and past.size and not sources.behind[name]:
        return past.swapaxes(2, 3)
    mapped = _heads(params, _mapped(weights, name, rows, options))
    return mapped if past is None or not past.size else np.concatenate((past.swapaxes(2, 3), mapped), 3)
