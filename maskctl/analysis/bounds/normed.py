"""Layers whose results have a range of their own, whatever they read: norms and distributions.

Of n values with mean 0 and mean square 1, none is larger than the square root of n.
"""

from __future__ import annotations

from math import prod

import numpy as np

from maskctl.analysis.bounds.case import Bounds, Case, Rule, nothing_known, rounded
from maskctl.analysis.bounds.interval import everywhere
from maskctl.analysis.bounds.moving import moved
from maskctl.layers.base import Shape
from maskctl.layers.families.normalization import grouped_shape, per_element
from maskctl.layers.families.outermost import along, by_channels
from maskctl.numeric.formats import FloatArray, Operand

_INSIDE = 16
"""Roundings inside of a norm."""


def between(low: float, high: float) -> Rule:
    """The rule of layers whose results lie between two numbers."""

    def rule(case: Case) -> Bounds:
        return Bounds(rounded(case, [everywhere(case.samples, shape, low, high) for shape in case.shapes], 16))

    return rule


def layer_norm(case: Case) -> Bounds:
    """LayerNorm and RMSNorm: over the innermost axes, with factors and offsets by element."""
    shape = case.inputs[0].shape
    group = grouped_shape(case.params, shape)
    numbers = {name: per_element(case.weights, name, group) for name in case.weights}
    return _standardised(case, prod(group), numbers.get("gamma", 1.0), numbers.get("beta", 0.0), shape)


def group_norm(case: Case) -> Bounds:
    """GroupNorm: over groups of channels."""
    channels, blob = case.params.integer("channels"), case.inputs[0]
    if channels != blob.shape[0]:
        return nothing_known(case, "it leaves channels as they are")
    numbers = {name: along(values, blob.low) for name, values in case.weights.items()}
    count = prod(blob.shape) // case.params.integer("group")
    return _standardised(case, count, numbers.get("gamma", 1.0), numbers.get("beta", 0.0), blob.shape)


def instance_norm(case: Case) -> Bounds:
    """InstanceNorm: over each channel; ranks 1 and 2 are one channel."""
    if case.kernel and len(case.inputs[0].shape) < len("chw"):
        return nothing_known(case, "the engine takes the lanes of its rows for channels")
    values = by_channels(case.inputs[0].low)
    shape = values.shape[1:]
    numbers = {name: along(held, values) for name, held in case.weights.items()}
    return _standardised(case, prod(shape[1:]), numbers.get("gamma", 1.0), numbers.get("beta", 0.0), shape)


def mean_variance(case: Case) -> Bounds:
    """MVN: without the variance, values are no farther from their mean than from each other."""
    blob = case.inputs[0]
    if case.params.integer("normalize_variance"):
        return _standardised(case, prod(blob.shape), 1.0, 0.0, case.shapes[0], least=case.params.real("eps"))
    most = blob.high.max(initial=0) - blob.low.min(initial=0)
    return Bounds(rounded(case, [everywhere(case.samples, case.shapes[0], -most, most)], prod(blob.shape)))


def length_one(case: Case) -> Bounds:
    """Normalize: no value is larger than its scale, but where neither axis is asked for and all stay as they are."""
    if not (case.params.integer("across_spatial") or case.params.integer("across_channel")):
        return moved(case)
    if case.params.real("eps") <= 0:
        return nothing_known(case, "it divides by a length that may be 0")
    most = np.abs(case.weights["scale"]).max(initial=0)
    return Bounds(rounded(case, [everywhere(case.samples, case.shapes[0], -most, most)], prod(case.shapes[0])))


def response_norm(case: Case) -> Bounds:
    """LRN: values over a power of the bias and of squares, which makes none larger than over that of the bias."""
    alpha, beta, bias = (case.params.real(name) for name in ("alpha", "beta", "bias"))
    if min(alpha, beta) < 0 or bias <= 0:
        return nothing_known(case, "it divides by what may be 0")
    most = case.inputs[0].magnitude * np.float32(bias**-beta)
    return Bounds(rounded(case, [everywhere(case.samples, case.shapes[0], -most, most)], 64))


def _standardised(
    case: Case, count: int, factor: Operand, offset: Operand, shape: Shape, least: float | None = None
) -> Bounds:
    """The bounds of `count` standardised values times a factor, plus an offset; `shape` is what these broadcast to.

    Values that hardly differ from their mean are divided by no less than `least`, the root of eps, and so is the rounding of
    both. InstanceNorm rounds its factor and its offset, which takes the mean in, to fp16.
    """
    eps = case.params.real("eps")
    if eps <= 0:
        return nothing_known(case, "it divides by a deviation that may be 0")
    scale, middle = np.abs(np.asarray(factor, np.float32)), np.abs(np.asarray(offset, np.float32))
    with np.errstate(all="ignore"):
        taken_in = case.inputs[0].peaks.max(initial=0) * scale / np.float32(least or np.sqrt(eps))
        reach = np.float32(np.sqrt(count)) * scale
        in_fp16 = case.op.layer.type == "InstanceNorm" and case.step.stored == "fp16"
        room = (
            np.float32(2.0**-8 + count * 2.0**-22) * (reach + middle)
            + np.float32(2.0**-10 if in_fp16 else 2.0**-20) * taken_in
        )
        low, high = (
            np.broadcast_to(end, (case.samples, *shape)).reshape(case.samples, *case.shapes[0])
            for end in (np.asarray(offset, np.float32) - reach - room, np.asarray(offset, np.float32) + reach + room)
        )
    inside = np.full(case.samples, (middle + taken_in).max(initial=0), np.float32)
    tops = rounded(case, [everywhere(case.samples, case.shapes[0], low, high)], _INSIDE)
    return Bounds(tops, {"offset": inside} if in_fp16 else {})


def looked_up(case: Case) -> Bounds:
    """Embed: the smallest and the largest number of each column of the table, with the bias."""
    table: FloatArray = case.ready["weight"]
    bias = case.weights["bias"] if case.params.integer("bias_term") else np.float32(0)
    ends = (table.min(axis=0) + bias, table.max(axis=0) + bias)
    return Bounds(rounded(case, [everywhere(case.samples, case.shapes[0], *ends)], 8))
