"""Layers that move values, or whose result rises with every value they read: the definition on either bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from maskctl.analysis.bounds import interval
from maskctl.analysis.bounds.case import Bounds, Case, nothing_known, rounded, spacing
from maskctl.analysis.bounds.interval import Interval, everywhere, hull, sorted_out
from maskctl.layers import cast, interp, reduction
from maskctl.layers.base import Array
from maskctl.numeric.formats import FORMATS

_CUBIC = 1.375
"""The largest sum of magnitudes of four bicubic weights, halfway between pixels: (3 + 19 + 19 + 3) / 32."""

_GRID_BICUBIC = 3

_FOLDED = 1.5
"""As much and a bit more, where weights beyond the border are added to those at it and rounded."""


_OF_VALUES = {reduction.SUM, reduction.MEAN, reduction.MAX, reduction.MIN}
_OF_MAGNITUDES = {reduction.ASUM, reduction.SUMSQ, reduction.L1, reduction.L2}


def moved(case: Case) -> Bounds:
    """The definition on all lower bounds, and on all upper ones."""
    if case.op.kind.integers(case.params):
        return nothing_known(case, "it reads integers")
    lows, highs = case.run(*(blob.low for blob in case.inputs)), case.run(*(blob.high for blob in case.inputs))
    return Bounds(tuple(_whole(case, sorted_out(*ends)) for ends in zip(lows, highs, strict=True)), moves=True)


def padded(case: Case) -> Bounds:
    """Padding: its constants are cast on their own."""
    found = moved(case)
    only_zeros = not case.params.real("value") and not case.params.integer("per_channel_pad_data_size")
    return found if only_zeros else replace(found, moves=False)


def cast_to(case: Case) -> Bounds:
    """Cast: rounded to 16 bits, where what is too large for them becomes infinite, or as it is."""
    blob = case.inputs[0]
    name = {cast.FP16: "fp16", cast.BF16: "bf16"}.get(case.params.integer("type_to"))
    if name is None or case.params.integer("type_from") == case.params.integer("type_to"):
        return moved(case) if case.step.arrives[0] == "fp32" else Bounds((blob,))
    most = FORMATS[name].largest
    inside = np.where(blob.peaks > np.float32(most), np.float32(np.inf), np.float32(0))
    return Bounds((interval.rounded(blob, spacing(name), FORMATS[name].smallest_normal),), {"inside": inside})


def _whole(case: Case, bounds: Interval) -> Interval:
    """A blob of a layer without bottoms is there once for each sample."""
    return bounds if case.inputs else everywhere(case.samples, bounds.shape, bounds.low, bounds.high)


def summed(case: Case) -> Bounds:
    """Sums and averages: as `moved`, and as large on the way as what they add up."""
    found = moved(case)
    count = max((blob.low[0].size for blob in case.inputs), default=1)
    growth = np.float32(min(1.0, np.expm1(count * np.log1p(case.unit))) + (count + 8) * 2.0**-23)
    most = [np.asarray(values) for values in case.run(*(blob.magnitude for blob in case.inputs))]
    with np.errstate(all="ignore"):
        return Bounds(
            tuple(
                top.widened(growth * size).never_negative(_none_negative(case))
                for top, size in zip(found.tops, most, strict=True)
            )
        )


def pooled(case: Case) -> Bounds:
    """Pooling: a maximum only moves; an average is a sum of the window's values first."""
    params = case.params
    if case.kernel == "pooling_bf16s" and (params.integer("kernel_w"), params.integer("stride_w")) == (3, 2):
        return nothing_known(case, "the engine's own bf16 kernel misreads a column")
    if not params.integer("pooling_type"):
        return moved(case)
    sides = [f"kernel_{axis}" for axis in "dhw" if params.has(f"kernel_{axis}")]
    whole = params.integer("global_pooling") or params.integer("adaptive_pooling")
    count = case.inputs[0].low[0].size if whole else int(np.prod([params.integer(side) for side in sides]))
    low, high = moved(case).tops[0].low, moved(case).tops[0].high
    with np.errstate(all="ignore"):
        total = case.run(case.inputs[0].magnitude)[0] * np.float32(count)
        growth = np.float32(min(1.0, np.expm1((count + 2) * np.log1p(case.unit))) + count * 2.0**-23)
        top = Interval(low, high).widened(growth * total / np.float32(count)).never_negative(_none_negative(case))
        peaks = Interval(-total, total).widened(growth * total).peaks
    return Bounds((top,), {"sum": peaks})


def resized(case: Case) -> Bounds:
    """Interp: pixels between those of the input, but for bicubic weights, some of which are negative."""
    if case.params.integer("resize_type") != interp.BICUBIC:
        return Bounds(rounded(case, moved(case).tops, 8))
    blob = case.inputs[0]
    axes = tuple(range(2, blob.low.ndim))
    low, high = blob.low.min(axes, keepdims=True), blob.high.max(axes, keepdims=True)
    known = Interval(low, high)
    reach = known.radius * np.float32(_FOLDED**2)
    whole = Interval(known.middle - reach, known.middle + reach).widened(np.float32(2.0**-6) * known.magnitude)
    places = whole.low.reshape(*low.shape[:2], *(1,) * (len(case.shapes[0]) - 1))
    tops = everywhere(case.samples, case.shapes[0], places, whole.high.reshape(places.shape))
    return Bounds(rounded(case, [tops], 16))


def reduced(case: Case) -> Bounds:
    """Reduction: sums, means, maxima and minima rise with their values, measures of magnitude with these."""
    operation = case.params.integer("operation")
    if operation in {reduction.PROD, reduction.LOG_SUM} or case.params.real("coeff") < 0:
        return nothing_known(case, "its operation neither rises nor falls with its values")
    blob = case.inputs[0]
    if operation in _OF_MAGNITUDES:
        least = np.where((blob.low <= 0) & (blob.high >= 0), 0, np.minimum(np.abs(blob.low), np.abs(blob.high)))
        ends = case.run(least.astype(np.float32))[0], case.run(blob.magnitude)[0]
    else:
        ends = case.run(blob.low)[0], case.run(blob.high)[0]
    found = hull(ends)
    growth = np.float32((blob.low[0].size + 8) * 2.0**-22)
    most = case.run(blob.magnitude)[0] if operation in {reduction.SUM, reduction.MEAN} else found.magnitude
    positive = np.array(operation in _OF_MAGNITUDES) | (np.array(operation in _OF_VALUES) & _none_negative(case))
    with np.errstate(all="ignore"):
        return Bounds((found.widened(growth * np.abs(most)).never_negative(positive),))


def _none_negative(case: Case) -> Array:
    return np.array(all((blob.low >= 0).all() for blob in case.inputs))


def sampled(case: Case) -> Bounds:
    """Layers that mix or pick pixels, or find none: between the smallest and the largest value they read, or 0.

    With bicubic weights (GridSample's sample_type 3) they reach beyond these.
    """
    blob = case.inputs[0].with_zero()
    low, high = blob.low.min(initial=0), blob.high.max(initial=0)
    if case.params.has("sample_type") and case.params.integer("sample_type") == _GRID_BICUBIC:
        low, high = (end * np.float32(_FOLDED**2) for end in (min(low, -high), max(high, -low)))
    return Bounds(rounded(case, [everywhere(case.samples, shape, low, high) for shape in case.shapes], 16))
