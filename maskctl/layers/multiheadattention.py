"""MultiHeadAttention: affine maps of queries, keys and values, attention over heads, and an affine map of what it gives.

Inputs are one blob (rows, width) for all three, or queries and a blob for keys and values, or all three. Then come, with
attn_mask=1, a mask (rows, keys) or (heads, rows, keys), where an extent of 1 serves all, and with kv_cache=1 the keys and
values of earlier calls, each (heads, rows, width of a head); an empty blob is no cache.

With kv_cache=1 all mapped keys and values are tops too, laid out like the cache. Keys and values out of the one blob for all
are added behind the cache; keys and values of their own are not even looked at where there is one. Versions of the engine
up to July 2026 had caches (embed_dim, rows).

The scale applies to the mapped queries, their bias included. quantize_term 2 multiplies in int8: inputs are quantised as a
whole, the inner products as in SDPA with one scale per head, and what goes into the last map by rows. Terms XYZ keep the
weights as blocks of few bits, see Gemm.

Source: ncnn `src/layer/multiheadattention.cpp`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families import attention, int8
from maskctl.layers.families.block_quantized import blocks_of
from maskctl.layers.families.products import per_sample
from maskctl.layers.gemm import is_int8
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "embed_dim", 0, "width of all heads together"),
    Param(1, "num_heads", 1, "heads"),
    Param(2, "weight_data_size", 0, "elements of the queries' weight: embed_dim times their width"),
    Param(3, "kdim", 0, "width of the keys' input", same_as="embed_dim"),
    Param(4, "vdim", 0, "width of the values' input", same_as="embed_dim"),
    Param(5, "attn_mask", 0, "1: a mask is added to the logits"),
    Param(6, "scale", math.nan, "factor of the mapped queries; not set: one over the root of a head's width"),
    Param(7, "kv_cache", 0, "1: earlier keys and values are inputs, and all of them tops"),
    Param(18, "quantize_term", 0, "0 fp32, 2 int8, XYZ weights in blocks of few bits"),
)

MAPS = ("q", "k", "v", "out")


def query_width(params: Params) -> int:
    """The width of queries and of the result; raises `GraphError` for sizes that do not divide."""
    size, embed, heads = (params.integer(name) for name in ("weight_data_size", "embed_dim", "num_heads"))
    if min(embed, heads) < 1 or embed % heads or size < 1 or size % embed:
        raise GraphError(
            f"embed_dim is {embed}, num_heads {heads}, weight_data_size {size}. Expected embed_dim a multiple of num_heads "
            "and weight_data_size one of embed_dim."
        )
    if min(params.integer("kdim"), params.integer("vdim")) < 1:
        raise GraphError(
            f"kdim and vdim are {params.integer('kdim')} and {params.integer('vdim')}. Expected 1 or more."
        )
    return size // embed


def _maps(params: Params) -> dict[str, tuple[int, int]]:
    """Outputs and inputs of each affine map."""
    width, embed = query_width(params), params.integer("embed_dim")
    return {
        "q": (embed, width),
        "k": (embed, params.integer("kdim")),
        "v": (embed, params.integer("vdim")),
        "out": (width, embed),
    }


def weights(params: Params) -> tuple[Weight, ...]:
    """Weight and bias of each map, then the scales of quantised ones, in the order of the `.bin`."""
    blocks, in_int8 = blocks_of(params.integer("quantize_term")), is_int8(params)
    found, scales, inputs = [], [], []
    for name, (outputs, terms) in _maps(params).items():
        plain = Weight(f"{name}_weight", (outputs, terms), tagged=True, role="int8" if in_int8 else "weight")
        found.append(blocks.packed(f"{name}_weight", outputs, terms) if blocks else plain)
        found.append(Weight(f"{name}_bias", (outputs,), role="bias"))
        if blocks:
            scales.append(blocks.scales(f"{name}_scales", outputs, terms))
            inputs += [Weight(f"{name}_input_scales", (terms,), role="factor")] if blocks.scaled_inputs else []
        if in_int8:
            count = 1 if name == "out" else outputs
            scales.append(Weight(f"{name}_scales", (count,), role="int8 scale", fan_in=terms))
    return (*found, *scales, *inputs)


def prepare(params: Params, weight: Weights) -> Weights:
    """The weights of the maps as (inputs, outputs), views of what the `.bin` holds unless they are quantised."""
    blocks, ready = blocks_of(params.integer("quantize_term")), dict(weight)
    for name, (_, terms) in _maps(params).items():
        values = ready[f"{name}_weight"]
        if blocks:
            values = blocks.unpacked(values, ready[f"{name}_scales"], terms)
        elif is_int8(params):
            values = int8.require_codes(values, f"{name}_weight")
        ready[f"{name}_weight"] = values.T
    return ready


def _places(params: Params, count: int) -> tuple[int, int, int]:
    """Which inputs are queries, keys and values; raises `GraphError` for a wrong number of inputs or tops."""
    mask, cache = params.integer("attn_mask") != 0, params.integer("kv_cache") != 0
    sources, tops = count - mask - 2 * cache, 3 if cache else 1
    if not 1 <= sources <= len("qkv") or params.tops != tops:
        raise GraphError(
            f"there are {count} inputs and {params.tops} tops. Expected {1 + mask + 2 * cache} to {3 + mask + 2 * cache} and {tops} "
            f"with attn_mask (5=) {int(mask)} and kv_cache (7=) {int(cache)}."
        )
    return ((0, 0, 0), (0, 1, 1), (0, 1, 2))[sources - 1]


def _cache_shape(params: Params, rows: int) -> Shape:
    heads = params.integer("num_heads")
    return (heads, rows, params.integer("embed_dim") // heads)


def _cached(params: Params, inputs: tuple[Shape, ...]) -> int:
    """Rows of the cache; raises `ExecutionError` for one that does not fit."""
    if not params.integer("kv_cache"):
        return 0
    keys, values = inputs[-2:]
    if not math.prod(keys) and not math.prod(values):
        return 0
    if keys != values or len(keys) < 2 or keys != _cache_shape(params, keys[1]):
        heads, _, width = _cache_shape(params, 0)
        raise ExecutionError(f"the caches have shapes {keys} and {values}. Expected {(heads, 'rows', width)} twice.")
    return keys[1]


def _rows(params: Params, inputs: tuple[Shape, ...]) -> tuple[int, int]:
    """How many queries there are, and how many keys together with the cache."""
    places, cached = _places(params, len(inputs)), _cached(params, inputs)
    for name, place in zip(MAPS[:3], places, strict=True):
        wanted = _maps(params)[name][1]
        if len(inputs[place]) != 2 or inputs[place][1] != wanted or inputs[place][0] < 1:
            raise ExecutionError(f"input {place} has shape {inputs[place]}. Expected ('rows', {wanted}) for {name}.")
    queries, keys, values = (inputs[place][0] for place in places)
    if keys != values:
        raise ExecutionError(f"there are {keys} rows of keys and {values} of values. Expected as many.")
    return queries, cached + keys if places[1] == 0 else cached or keys


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(rows, width of the queries); with a cache then all keys and all values, (heads, rows, width of a head)."""
    queries, keys = _rows(params, inputs)
    if params.integer("attn_mask"):
        mask = inputs[-3 if params.integer("kv_cache") else -1]
        attention.check_mask(mask, (params.integer("num_heads"), queries, keys), spread=True)
    top, cache = (queries, query_width(params)), _cache_shape(params, keys)
    return (top, cache, cache) if params.integer("kv_cache") else (top,)


def macs(params: Params, inputs: tuple[Shape, ...], _: tuple[Shape, ...]) -> int:
    """Multiply-adds: those of the maps that are computed, and those between queries, keys and values."""
    queries, keys = _rows(params, inputs)
    places = _places(params, len(inputs))
    unused = places[1] != 0 and _cached(params, inputs) > 0
    rows = {"q": queries, "k": 0 if unused else inputs[places[1]][0], "out": queries}
    rows["v"] = rows["k"]
    between = 2 * queries * keys * params.integer("embed_dim")
    return between + sum(rows[name] * math.prod(extents) for name, extents in _maps(params).items())


@dataclass(frozen=True)
class Sources:
    """The inputs by what they are; `behind` says of "k" and "v" whether they are the queries' blob too."""

    query: Array
    key: Array
    value: Array
    mask: Array | None
    keys: Array | None
    values: Array | None
    behind: Mapping[str, bool]


def sources(params: Params, inputs: Arrays) -> Sources:
    """The inputs by what they are; raises where they do not fit."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    places = _places(params, len(inputs))
    cache, masked = params.integer("kv_cache") != 0, params.integer("attn_mask") != 0
    query, key, value = (inputs[place] for place in places)
    mask = inputs[-3 if cache else -1] if masked else None
    keys, values = inputs[-2:] if cache else (None, None)
    return Sources(query, key, value, mask, keys, values, {"k": places[1] == 0, "v": places[2] == 0})


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """Attention in fp32, or with int8 products."""
    given = sources(params, inputs)
    with np.errstate(all="ignore"):
        query = _mapped(params, weight, "q", given.query)
        query *= np.float32(scale_of(params))
        key, value = (
            _with_cache(params, weight, name, blob, past, behind=given.behind[name])
            for name, blob, past in (("k", given.key, given.keys), ("v", given.value, given.values))
        )
        mask = None if given.mask is None else attention.mask_of(given.mask)
        found = attention.attend(_in_heads(params, query), key, value, mask, 1.0, in_int8=is_int8(params))
        top = _mapped(params, weight, "out", found.swapaxes(1, 2).reshape(query.shape))
    return (top,) if given.keys is None else (top, key, value)


def scale_of(params: Params) -> float:
    """The factor of the mapped queries; where it follows from a head's width, root and quotient are float32 as in the engine."""
    scale = params.real("scale")
    width = params.integer("embed_dim") // params.integer("num_heads")
    return float(np.float32(1) / np.sqrt(np.float32(width))) if math.isnan(scale) else scale


def _mapped(params: Params, weight: Weights, name: str, values: Array) -> FloatArray:
    """The affine map of rows (n, rows, width)."""
    matrix, bias = weight[f"{name}_weight"], weight[f"{name}_bias"]
    if is_int8(params):
        scale = int8.dynamic_scale(values, -1 if name == "out" else (1, 2))
        sums = int8.product(int8.quantise(values, scale), matrix)
        return int8.dequantise(sums, np.float32(1) / (scale * weight[f"{name}_scales"]), bias)
    blocks = blocks_of(params.integer("quantize_term"))
    total = per_sample(blocks.taken(values, weight.get(f"{name}_input_scales")) if blocks else values, matrix)
    total += bias
    return total


def _with_cache(
    params: Params, weight: Weights, name: str, values: Array, past: Array | None, *, behind: bool
) -> FloatArray:
    """Mapped keys or values in heads, `behind` what is cached or, where anything is, only that."""
    cached = past is not None and past.size > 0
    if past is not None and cached and not behind:
        return past
    mapped = _in_heads(params, _mapped(params, weight, name, values))
    return mapped if past is None or not cached else np.concatenate((past, mapped), 2)


def _in_heads(params: Params, rows: FloatArray) -> FloatArray:
    """(n, heads, rows, width of a head), a view."""
    heads = params.integer("num_heads")
    return rows.reshape(*rows.shape[:2], heads, rows.shape[2] // heads).swapaxes(1, 2)


LAYER = LayerType(
    "MultiHeadAttention", range(1, 7), forward, PARAMS, weights, shapes, macs, tops=range(1, 4), prepare=prepare
)
