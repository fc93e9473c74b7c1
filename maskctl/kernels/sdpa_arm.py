"""SDPA of 16-bit blobs: two inner Gemms for each head, and an inner Softmax between them.

Source: ncnn `src/layer/arm/sdpa_arm.cpp`.
"""

from __future__ import annotations

import math

import numpy as np

from maskctl.kernels import softmax_fp16s
from maskctl.kernels.inner_gemm import multiply
from maskctl.kernels.packing import Options
from maskctl.layers import sdpa, softmax
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import attention
from maskctl.numeric.formats import FloatArray

_ALONG_ROWS = Params(softmax.PARAMS, {0: -1, 1: 1})


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """What each query makes of the values, (n, heads, rows, width of the values); with a cache all keys and values."""
    query, key, value = sdpa.joined(params, inputs)
    n, heads, rows, width = query.shape
    scale = np.float32(params.real("scale") or 1 / math.sqrt(width))
    mask = _mask(inputs[3], (n, heads)) if params.integer("attn_mask") else None
    logits = multiply(
        _flat(query),
        _flat(_spread(key, heads)).swapaxes(1, 2),
        options,
        mask,
        alpha=float(scale),
        beta=float(np.float32(1) / scale),
    )
    likely = probabilities(logits.reshape(n, heads, rows, -1), options)
    top = multiply(_flat(likely), _flat(_spread(value, heads)), options).reshape(n, heads, rows, -1)
    return (top, key, value) if params.integer("kv_cache") else (top,)


def probabilities(logits: FloatArray, options: Options) -> FloatArray:
    """Softmax along the last axis of a blob that is not packed."""
    return softmax_fp16s.forward(_ALONG_ROWS, {}, (logits,), options - {"use_packing_layout"})[0]


def _flat(values: FloatArray) -> FloatArray:
    return values.reshape(-1, *values.shape[2:])


def _spread(values: FloatArray, heads: int) -> FloatArray:
    """Keys or values (n, groups, …) for each head."""
    return np.repeat(values, heads // values.shape[1], axis=1)


def _mask(values: FloatArray, batch: tuple[int, int]) -> FloatArray:
    mask = attention.mask_of(values)
    return _flat(np.broadcast_to(mask, (*batch, *mask.shape[2:])))
