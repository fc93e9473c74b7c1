"""Attention: probabilities add up to 1, so that what a query makes of the values lies between the values of all keys.

Bounds are per feature, over all rows. What is computed on the way (mapped queries, keys and values, logits, partial sums) is
bounded by magnitudes, and kept in the blob's format by some kernels and in that of sums by others: the narrower counts.
"""

from __future__ import annotations

import math

import numpy as np

from maskctl.analysis.bounds.case import Bounds, Case, nothing_known, rounded, spacing
from maskctl.analysis.bounds.interval import Interval, everywhere, sorted_out
from maskctl.layers import multiheadattention as heads_of
from maskctl.layers import sdpa
from maskctl.layers.base import Array
from maskctl.numeric.formats import FORMATS, FP16, FloatArray

_ROUNDED_SUM = 2.0**-5
"""How far rounded probabilities may add up to another number than 1, beside what their number adds."""

_OF_CODES = 1 / 200
"""What quantising adds to each probability and to a value, relative to the largest: half a code of 127, and more."""


def scaled_dot_product(case: Case) -> Bounds:
    """SDPA: queries, keys and values are blobs."""
    params = case.params
    lows, highs = (sdpa.joined(params, ends) for ends in _ends(case))
    query, key, value = (
        Interval(sdpa.with_heads(low), sdpa.with_heads(high)) for low, high in zip(lows, highs, strict=True)
    )
    reach = [_over_rows(blob) for blob in (query, key, value)]
    factor = abs(params.real("scale")) or 1 / math.sqrt(query.shape[2])
    mask = case.inputs[3].peaks if params.integer("attn_mask") else np.zeros(case.samples, np.float32)
    with np.errstate(all="ignore"):
        products = (reach[0].magnitude * reach[1].magnitude).sum(axis=1)
        logits = np.maximum(products + mask / np.float32(factor), products * np.float32(factor) + mask)
    found = _mixed(case, reach[2], key.shape[1], in_int8=params.integer("int8_scale_term") != 0)
    tops = [_everywhere(case, 0, found.low, found.high)]
    if params.integer("kv_cache"):
        tops += [_all_of(case, place, blob) for place, blob in ((1, key), (2, value))]
    return _with_stages(case, tops, [_grown(case, logits, query.shape[2]), found.peaks])


def multi_head(case: Case) -> Bounds:
    """MultiHeadAttention: affine maps before and behind."""
    params = case.params
    if params.integer("quantize_term"):
        return nothing_known(case, "its weights are quantised")
    low, high = (heads_of.sources(params, ends) for ends in _ends(case))
    mapped, stages = {}, []
    for name, ends in (("q", (low.query, high.query)), ("k", (low.key, high.key)), ("v", (low.value, high.value))):
        mapped[name], most = _mapped(case, name, _over_rows(Interval(*ends)))
        stages.append(most)
    scale = abs(heads_of.scale_of(params))
    key, value = (
        mapped[name] if past[0] is None or not past[0].size else _joined(mapped[name], past)
        for name, past in (("k", (low.keys, high.keys)), ("v", (low.values, high.values)))
    )
    mask = np.zeros(case.samples, np.float32)
    for given in (low.mask, high.mask):
        mask = mask if given is None else np.maximum(mask, _peaks(given))
    width = params.integer("embed_dim") // params.integer("num_heads")
    with np.errstate(all="ignore"):
        products = mapped["q"].magnitude * np.float32(scale) * key.magnitude
        logits = products.reshape(case.samples, -1, width).sum(axis=2).max(axis=1) + mask
        found = _mixed(case, value, _keys(low), in_int8=False)
        top, most = _mapped(case, "out", found)
    stages += [_grown(case, logits, width), mapped["q"].peaks * np.float32(scale), found.peaks, most]
    tops = [_everywhere(case, 0, top.low, top.high)]
    if params.integer("kv_cache"):
        tops += [_all_of(case, place, blob) for place, blob in ((1, key), (2, value))]
    return _with_stages(case, tops, stages)


def _ends(case: Case) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    return tuple(blob.low for blob in case.inputs), tuple(blob.high for blob in case.inputs)


def _peaks(values: Array) -> FloatArray:
    found: FloatArray = np.abs(values).reshape(len(values), -1).max(axis=1, initial=0)
    return found


def _keys(sources: heads_of.Sources) -> int:
    return int(sources.key.shape[1]) + (
        0 if sources.keys is None or not sources.keys.size else int(sources.keys.shape[2])
    )


def _over_rows(blob: Interval) -> Interval:
    """The bounds of each feature, (n, width), over all that lies before it."""
    axes = tuple(range(1, blob.low.ndim - 1))
    return Interval(blob.low.min(axis=axes), blob.high.max(axis=axes))


def _joined(mapped: Interval, past: tuple[Array | None, Array | None]) -> Interval:
    """Mapped features together with those of a cache (n, heads, rows, width of a head)."""
    low, high = (np.asarray(values, np.float32) for values in past)
    return Interval(
        np.minimum(mapped.low, low.min(axis=2).reshape(mapped.low.shape)),
        np.maximum(mapped.high, high.max(axis=2).reshape(mapped.high.shape)),
    )


def _mapped(case: Case, name: str, read: Interval) -> tuple[Interval, FloatArray]:
    """The bounds of an affine map of features, and the largest partial sum, (n,)."""
    matrix, bias = np.asarray(case.ready[f"{name}_weight"], np.float32), case.ready[f"{name}_bias"]
    with np.errstate(all="ignore"):
        middle, radius = read.middle @ matrix + bias, read.radius @ np.abs(matrix)
        most = read.magnitude @ np.abs(matrix) + np.abs(bias)
        kept = 2 * spacing(case.step.weights) + 2 * spacing(case.step.stored) + len(matrix) * 2.0**-22
        tiny = np.float32(FORMATS[case.step.weights].smallest_normal) * (1 + read.magnitude.sum(axis=1, keepdims=True))
        room = _grown(case, most, len(matrix)) - most + np.float32(kept) * most + tiny
        found = sorted_out(middle - radius, middle + radius).widened(room)
        return found, _peaks(most + room)


def _grown(case: Case, most: FloatArray, terms: int) -> FloatArray:
    """The largest a sum of so many terms gets by rounding, whose magnitudes add up to `most`."""
    growth = min(3.0, math.expm1((terms + 8) * math.log1p(case.unit))) + 2.0**-10
    return most * np.float32(1 + growth) + np.float32(terms * case.smallest)


def _mixed(case: Case, value: Interval, keys: int, *, in_int8: bool) -> Interval:
    """What probabilities, which are rounded, make of values (n, width) of so many keys."""
    off = _ROUNDED_SUM + keys * spacing(case.step.stored) / 2 + (2 * keys + 2) * _OF_CODES * in_int8
    off += min(3.0, math.expm1((keys + 8) * math.log1p(case.unit)))
    largest = value.magnitude.max(axis=1, keepdims=True) if in_int8 else value.magnitude
    with np.errstate(all="ignore"):
        return value.widened(np.float32(off) * largest + np.float32(keys * case.smallest))


def _everywhere(case: Case, place: int, low: FloatArray, high: FloatArray) -> Interval:
    """Bounds of features for all rows of a top."""
    rank = len(case.shapes[place])
    shaped = (end.reshape(case.samples, *(1,) * (rank - 1), -1) for end in (low, high))
    return everywhere(case.samples, case.shapes[place], *shaped)


def _all_of(case: Case, place: int, blob: Interval) -> Interval:
    """The same bounds for all elements of a cache."""
    low, high = blob.low.min(initial=0), blob.high.max(initial=0)
    return everywhere(case.samples, case.shapes[place], low, high)


def _with_stages(case: Case, tops: list[Interval], stages: list[FloatArray]) -> Bounds:
    """The bounds, and the largest value on the way; infinite where a blob in fp16 could not keep it."""
    most = np.max([np.where(np.isnan(one), np.float32(np.inf), one) for one in stages], axis=0)
    if case.step.stored == "fp16":
        most = np.where(most > np.float32(FP16.largest), np.float32(np.inf), most)
    return Bounds(rounded(case, tops, 8), {"inside": np.asarray(most, np.float32)})
