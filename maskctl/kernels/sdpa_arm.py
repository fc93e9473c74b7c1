"""SDPA of 16-bit blobs: two inner Gemms for each head, and an inner Softmax between them.

Source: ncnn `src/layer/arm/sdpa_arm.cpp`.
"""

from __future__ import annotations

import math

import numpy as np

from maskctl.kernels import attention_steps
from maskctl.kernels.packing import Options
from maskctl.layers import sdpa
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import attention
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """What each query makes of the values, (n, heads, rows, width of the values); with a cache all keys and values."""
    query, key, value = sdpa.joined(params, inputs)
    n, heads, rows, width = query.shape
    scale = np.float32(params.real("scale") or 1 / math.sqrt(width))
    mask = _mask(inputs[3], (n, heads)) if params.integer("attn_mask") else None
    logits = attention_steps.logits(
        _flat(query),
        _flat(_spread(key, heads)).swapaxes(1, 2),
        options,
        mask,
        alpha=float(scale),
        beta=float(np.float32(1) / scale),
    )
    likely = attention_steps.probabilities(logits, options)
    top = attention_steps.weighted(likely, _flat(_spread(value, heads)), options).reshape(n, heads, rows, -1)
    return (top, key, value) if params.integer("kv_cache") else (top,)


def _flat(values: FloatArray) -> FloatArray:
    return values.reshape(-1, *values.shape[2:])


def _spread(values: FloatArray, heads: int) -> FloatArray:
    """Keys or values (n, groups, …), or of one group (n, rows, …), for each head."""
    values = sdpa.with_heads(values)
    return np.repeat(values, heads // values.shape[1], axis=1)


def _mask(values: FloatArray, batch: tuple[int, int]) -> FloatArray:
    mask = attention.mask_of(values)
    return _flat(np.broadcast_to(mask, (*batch, *mask.shape[2:])))
