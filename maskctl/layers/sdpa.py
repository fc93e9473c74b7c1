"""SDPA: scaled dot-product attention of queries, keys and values that are inputs.

Inputs are queries (heads, rows, width), keys (groups, keys, width), values (groups, keys, their width), then a mask
(rows, keys) or (heads, rows, keys) with attn_mask=1, then past keys and past values with kv_cache=1. Heads must be a
multiple of groups; so many consecutive heads share one. Blobs of rank 2 have one head. Past keys and values come first;
an empty blob is none at all.

With kv_cache=1 the keys and values so joined are tops too, in plain order; from version
1.0.20261020 on the engine keeps them in an order of its own with room for more, and misreads a plain cache that an
application made. int8_scale_term multiplies in int8: queries and probabilities are quantised by rows, keys and values by
groups.

Source: ncnn `src/layer/sdpa.cpp`.
"""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families import attention
from maskctl.numeric.late import np

PARAMS = (
    Param(5, "attn_mask", 0, "1: a mask is added to the logits"),
    Param(6, "scale", 0.0, "factor of the logits, 0: one over the root of the width"),
    Param(7, "kv_cache", 0, "1: past keys and values are inputs, and all keys and values tops"),
    Param(18, "int8_scale_term", 0, "not 0: products of int8 codes"),
)

_HIGHEST_RANK = 3


def _check_counts(params: Params, inputs: int) -> None:
    mask, cache = params.integer("attn_mask") != 0, params.integer("kv_cache") != 0
    wanted, tops = 3 + mask + 2 * cache, 3 if cache else 1
    if inputs != wanted or params.tops != tops:
        raise GraphError(
            f"there are {inputs} inputs and {params.tops} tops. Expected {wanted} and {tops} with attn_mask (5=) {int(mask)} and "
            f"kv_cache (7=) {int(cache)}."
        )


def _heads(name: str, shape: Shape) -> Shape:
    if not 1 < len(shape) <= _HIGHEST_RANK or min(shape) < 1:
        raise ExecutionError(f"the {name} have shape {shape}. Expected (heads, rows, width).")
    return (1, *shape) if len(shape) == 2 else shape


def _joined(name: str, past: Shape, current: Shape) -> Shape:
    """The shape of past and current keys or values together."""
    if not math.prod(past):
        return current
    shape, (groups, rows, width) = _heads(f"past {name}", past), _heads(name, current)
    if (shape[0], shape[2]) != (groups, width):
        raise ExecutionError(
            f"the past {name} have shape {past}. Expected {(groups, 'any', width)} as the current ones."
        )
    return (groups, shape[1] + rows, width)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(heads, rows, width of the values); with a cache then all keys and all values."""
    _check_counts(params, len(inputs))
    heads, rows, width = _heads("queries", inputs[0])
    joined = inputs[1:3]
    if params.integer("kv_cache"):
        joined = (_joined("keys", inputs[-2], inputs[1]), _joined("values", inputs[-1], inputs[2]))
    key, value = _heads("keys", joined[0]), _heads("values", joined[1])
    if key[:2] != value[:2] or key[2] != width or heads % key[0]:
        raise ExecutionError(
            f"queries of shape {inputs[0]}, keys {joined[0]} and values {joined[1]} do not fit. Expected heads a multiple "
            "of those of the keys, as many values as keys, and queries as wide as keys."
        )
    if params.integer("attn_mask"):
        attention.check_mask(inputs[3], (heads, rows, key[1]), spread=False)
    top = (heads, rows, value[2])
    return (top, *joined) if params.integer("kv_cache") else (top,)


def macs(params: Params, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
    """Multiply-adds: those of queries and keys, and those of probabilities and values."""
    heads, rows, width = outputs[0]
    key = outputs[1] if params.integer("kv_cache") else inputs[1]
    return heads * rows * key[-2] * (inputs[0][-1] + width)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Attention in fp32, or with int8 products."""
    query, key, value = joined(params, inputs)
    mask = attention.mask_of(inputs[3]) if params.integer("attn_mask") else None
    top = attention.attend(
        query,
        with_heads(key),
        with_heads(value),
        mask,
        params.real("scale") or 1 / math.sqrt(query.shape[3]),
        in_int8=params.integer("int8_scale_term") != 0,
    )
    return (top, key, value) if params.integer("kv_cache") else (top,)


def joined(params: Params, inputs: Arrays) -> tuple[Array, Array, Array]:
    """Queries (n, heads, rows, width), and keys and values with what is cached in front, as the tops have them."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    key, value = inputs[1:3]
    if params.integer("kv_cache"):
        key, value = (
            np.concatenate((with_heads(past), with_heads(current)), 2) if past.size else current
            for past, current in zip(inputs[-2:], (key, value), strict=True)
        )
    return with_heads(inputs[0]), key, value


def with_heads(values: Array) -> Array:
    """(n, heads, rows, width) of a blob that may have one head and rank 2."""
    return values[:, None] if values.ndim == 3 else values


LAYER = LayerType("SDPA", range(3, 7), forward, PARAMS, shapes=shapes, macs=macs, tops=range(1, 4))
